"""What stands between the network and the application: two servers, and what both of them lack."""
