"""The HTTP server, its request log and scripted responses; knows neither OAuth nor CRM records."""
