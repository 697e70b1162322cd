"""What tests share: people, clients, servers, readers of pages and streams."""
