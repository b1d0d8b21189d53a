use cache_runtime::{cached, invalidates};

struct Users;

impl Users {
    #[cached(key = "user:<id>")]
    async fn user(&self, id: u64) -> Result<String, std::fmt::Error> {
        if id == 0 {
            return Some(id);
        }
        let text: String = id;
        Ok(text.lenght())
    }
}

#[cached]
async fn get_user(id: u64) -> Option<String> {
    id.missing()?;
    id
}

#[invalidates(key = "user:<id>")]
async fn rename_user(id: u64) -> Result<(), String> {
    Ok(id)
}

fn main() {}
