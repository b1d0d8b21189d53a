impl Users {
    async fn user(&self, id: u64) -> Option<User> {
        let site = {
            static SITE: ::cache_runtime::__private::Site = ::cache_runtime::__private::Site::new(
                ::core::module_path!(),
                "user",
                "<self.tenant>:<id>",
                ::cache_runtime::__private::Policy::new(),
            );
            ::cache_runtime::__private::Returns::<Option<User>>::new()
                .kind()
                .errors()
                .serde()
                .at(&SITE)
        };
        let cached: bool = self.is_cached(id);
        let call = match site
            .lookup_if(cached, |key| key.part(&self.tenant).text(":").part(&id))
        {
            ::cache_runtime::__private::Lookup::Hit(value) => return value,
            ::cache_runtime::__private::Lookup::Miss(call) => call,
        };
        call.unless({
                let this = ::core::clone::Clone::clone(self);
                move |value| {
                    let this = &this;
                    this.is_secret(value)
                }
            })
            .load(async move {
                if let ::core::option::Option::Some(out) = ::core::option::Option::None::<
                    Option<User>,
                > {
                    return out;
                }
                self.db.user(id).await
            })
            .await
    }
}
