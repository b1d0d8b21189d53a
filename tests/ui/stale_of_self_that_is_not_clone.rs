use cache_runtime::cached;

struct Users {
    tenant: u64,
}

impl Users {
    #[cached(key = "<self.tenant>:<id>", stale = "5m")]
    async fn user(&self, id: u64) -> Option<String> {
        Some(format!("{} {id}", self.tenant))
    }
}

fn main() {}
