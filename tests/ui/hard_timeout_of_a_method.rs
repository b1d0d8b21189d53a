use cache_runtime::cached;

struct DbError;

#[derive(Clone)]
struct Users {
    tenant: u64,
}

impl Users {
    #[cached(key = "<self.tenant>:<id>", hard_timeout = "2s")]
    async fn user(&self, id: u64) -> Result<String, DbError> {
        Ok(format!("{} {id}", self.tenant))
    }
}

fn main() {}
