// A certified OpenID provider, set up as an institution would: people with groups, services with scopes.
// One JSON object comes in on standard input: {issuer, port, clients, keys, people, audience}.
// `people` maps a login to the claims of its account; any password will do.
import { readFileSync } from "node:fs";
import { Provider } from "oidc-provider";

const { issuer, port, clients, keys, people, audience } = JSON.parse(readFileSync(0, "utf8"));

async function findAccount(_ctx, id) {
  return { accountId: id, claims: async () => ({ sub: id, ...people[id] }) };
}

const provider = new Provider(issuer, {
  clients,
  jwks: { keys },
  findAccount,
  claims: { openid: ["sub"], profile: ["name"], groups: ["groups"] },
  scopes: ["openid", "groups", "profile", "ledger.record", "ledger.read"],
  conformIdTokenClaims: true,
  cookies: { keys: ["a key of a test"] },
  clientAuthMethods: ["client_secret_basic", "client_secret_post", "none"],
  enabledJWA: { idTokenSigningAlgValues: ["RS256", "ES256", "Ed25519", "EdDSA"] },
  ttl: { AccessToken: 300, ClientCredentials: 300, IdToken: 300, Session: 600, Interaction: 300, Grant: 600 },
  async extraTokenClaims(_ctx, token) {
    return token.accountId === undefined ? undefined : people[token.accountId];
  },
  features: {
    devInteractions: { enabled: true },
    clientCredentials: { enabled: true },
    rpInitiatedLogout: { enabled: true },
    resourceIndicators: {
      enabled: true,
      useGrantedResource: () => true,
      defaultResource: () => audience,
      getResourceServerInfo: () => ({
        scope: "ledger.record ledger.read groups",
        audience,
        accessTokenFormat: "jwt",
        jwt: { sign: { alg: keys[0].alg } },
      }),
    },
  },
});
provider.listen(port, "127.0.0.1", () => process.stderr.write("listening\n"));
