impl Users {
    async fn token(&self) -> Result<Token, AuthError> {
        let site = {
            static SITE: ::cache_runtime::__private::Site = ::cache_runtime::__private::Site::new(
                ::core::module_path!(),
                "token",
                "token",
                ::cache_runtime::__private::Policy::new(),
            );
            ::cache_runtime::__private::Returns::<Result<Token, AuthError>>::new()
                .kind()
                .errors()
                .serde()
                .at(&SITE)
        };
        let call = match site.lookup(#[inline(always)] |key| key.text("token")) {
            ::cache_runtime::__private::Lookup::Hit(value) => return value,
            ::cache_runtime::__private::Lookup::Miss(call) => call,
        };
        call.ttl_of(|token: &Token| -> ::core::time::Duration { token.expires_in })
            .load(async move {
                if let ::core::option::Option::Some(out) = ::core::option::Option::None::<
                    Result<Token, AuthError>,
                > {
                    return out;
                }
                self.auth.token().await
            })
            .await
    }
    /// Makes the entry that `token` caches.
    fn token_entry(&self) -> ::cache_runtime::__private::EntryRef<Token> {
        let site = {
            static SITE: ::cache_runtime::__private::Site = ::cache_runtime::__private::Site::new(
                ::core::module_path!(),
                "token",
                "token",
                ::cache_runtime::__private::Policy::new(),
            );
            ::cache_runtime::__private::Returns::<Result<Token, AuthError>>::new()
                .kind()
                .errors()
                .serde()
                .at(&SITE)
        };
        site.entry(|key| key.text("token"))
            .ttl_of(|token: &Token| -> ::core::time::Duration { token.expires_in })
    }
}
