/**
 * How a machine becomes a node: the words of `cluster init`, of join tokens, and of the join itself.
 *
 *     POST   /api/v1/cluster/tokens               JoinTokenCreate -> JoinTokenCreated; an operator makes a token
 *     GET    /api/v1/cluster/tokens               JoinTokenList
 *     DELETE /api/v1/cluster/tokens/{id}          204; takes it back
 *     POST   /api/v1/cluster/join                 JoinRequest -> JoinAnswer; public, the token's secret is the credential
 *     GET    /api/v1/cluster/candidates           JoinCandidateList: who asked and waits
 *     POST   /api/v1/cluster/candidates/{nodeId}/approve   JoinApproval
 *     DELETE /api/v1/cluster/candidates/{nodeId}  204; refuses it
 *     POST   /api/v1/cluster/certificate          RenewalRequest -> RenewalAnswer; under the certificate that ends
 *
 * A joiner sends the same JoinRequest until the answer is not `waiting`; repeating it never does anything twice. The
 * fingerprint of the joiner's key is shown by both sides, and an approval names it: whoever approves has compared.
 */
export * from './join-tokens';
export * from './joining';
