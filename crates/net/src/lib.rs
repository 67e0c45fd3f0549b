//! Listeners, HTTP/1.1 servers and clients, drain.
