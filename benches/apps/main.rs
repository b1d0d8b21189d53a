//! An app that asks for what it caches.

// AREAS
mod origin;

#[tokio::main]
async fn main() {
    let mut found = 0;
    // VISITS
    println!("{found}");
}
