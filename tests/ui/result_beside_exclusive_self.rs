use cache_runtime::{cached, invalidates};

struct Users {
    tenant: u64,
}

impl Users {
    #[cached(key = "<self.tenant>:<id>", companion = user_entry)]
    async fn user(&self, id: u64) -> Option<String> {
        Some(id.to_string())
    }

    #[invalidates(entry = self.user_entry(&result))]
    async fn rename(&mut self, id: u64) -> Result<u64, String> {
        self.tenant += 1;
        Ok(id)
    }
}

fn main() {}
