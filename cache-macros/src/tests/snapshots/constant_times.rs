impl Users {
    async fn user(&self, id: u64) -> Result<Option<User>, DbError> {
        let site = {
            static SITE: ::cache_runtime::__private::Site = ::cache_runtime::__private::Site::new(
                ::core::module_path!(),
                "user",
                "user:<id>",
                ::cache_runtime::__private::Policy::new()
                    .none_ttl(::cache_runtime::__private::Time(NONE_TTL).get())
                    .stale(
                        ::cache_runtime::__private::Time(Duration::from_secs(5)).get(),
                    )
                    .refresh_at(::cache_runtime::__private::Fraction(EARLY).early())
                    .timeout(::cache_runtime::__private::Time(TIMEOUT).get())
                    .jitter(::cache_runtime::__private::Fraction(JITTER).jitter()),
            );
            const _: ::core::time::Duration = ::cache_runtime::__private::Time(ERR_TTL)
                .get();
            const _: ::core::time::Duration = ::cache_runtime::__private::Time(
                    2 * SECOND,
                )
                .get();
            ::cache_runtime::__private::Returns::<Result<Option<User>, DbError>>::new()
                .kind()
                .errors()
                .serde()
                .at(&SITE)
        };
        let call = match site.lookup(#[inline(always)] |key| key.text("user:").part(&id))
        {
            ::cache_runtime::__private::Lookup::Hit(value) => return value,
            ::cache_runtime::__private::Lookup::Miss(call) => call,
        };
        call.err_ttl(const { ::cache_runtime::__private::Time(ERR_TTL).get() })
            .hard_timeout(const { ::cache_runtime::__private::Time(2 * SECOND).get() })
            .detached({
                let this = ::core::clone::Clone::clone(self);
                async move {
                    let this = &this;
                    if let ::core::option::Option::Some(out) = ::core::option::Option::None::<
                        Result<Option<User>, DbError>,
                    > {
                        return out;
                    }
                    this.db.user(id).await
                }
            })
            .await
    }
}
