"""People and services that a provider of OpenID Connect vouches for."""
