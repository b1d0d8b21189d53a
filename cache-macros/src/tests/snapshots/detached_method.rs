impl Users {
    async fn user(&self, name: &str) -> Option<User> {
        let site = {
            static SITE: ::cache_runtime::__private::Site = ::cache_runtime::__private::Site::new(
                ::core::module_path!(),
                "user",
                "user:<self.tenant>:<name>",
                ::cache_runtime::__private::Policy::new(),
            );
            ::cache_runtime::__private::Returns::<Option<User>>::new()
                .kind()
                .errors()
                .serde()
                .at(&SITE)
        };
        let call = match site
            .lookup(
                #[inline(always)]
                |key| key.text("user:").part(&self.tenant).text(":").part(name),
            )
        {
            ::cache_runtime::__private::Lookup::Hit(value) => return value,
            ::cache_runtime::__private::Lookup::Miss(call) => call,
        };
        call.detached({
                let name = ::std::borrow::ToOwned::to_owned(name);
                let this = ::core::clone::Clone::clone(self);
                async move {
                    let name: &str = &name;
                    let this = &this;
                    if let ::core::option::Option::Some(out) = ::core::option::Option::None::<
                        Option<User>,
                    > {
                        return out;
                    }
                    fn of(this: &Users) -> &Self {
                        this.me()
                    }
                    self::find(this, vec![this.tenant], name).await
                }
            })
            .await
    }
}
