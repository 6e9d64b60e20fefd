/** Pure decisions about certificates: whom to believe, and when to renew. */
import { X509Certificate } from 'node:crypto';
import { keyFingerprintOf } from './certificate-authority';

export type Verdict =
  | { readonly kind: 'trusted'; readonly nodeId: string }
  | {
      readonly kind: 'refused';
      readonly reason:
        'foreign' | 'expired' | 'not-yet-valid' | 'not-a-node' | 'other-node' | 'revoked';
      readonly message: string;
    };

export interface TrustQuestion {
  readonly certificate: X509Certificate;
  readonly authority: X509Certificate;
  readonly now: Date;
  /** The node that should be at the other end; absent: any node of the cluster will do. */
  readonly nodeId?: string;
  /** Fingerprints of keys that are good no more; a renewed certificate has the same key. */
  readonly revoked?: ReadonlySet<string>;
}

const NODE_NAME = /^CN=([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/** Whether a peer's certificate was issued by the cluster's authority and names the expected node. */
export function verifyNode(question: TrustQuestion): Verdict {
  const { certificate, authority, now, nodeId, revoked } = question;
  if (!certificate.checkIssued(authority) || !certificate.verify(authority.publicKey)) {
    return refused('foreign', 'the certificate is not of this cluster');
  }
  const { from, to } = validityOf(certificate);
  if (now < from) return refused('not-yet-valid', `the certificate begins ${from.toISOString()}`);
  if (now > to) return refused('expired', `the certificate ended ${to.toISOString()}`);
  const named = NODE_NAME.exec(certificate.subject)?.[1];
  if (certificate.ca || named === undefined) {
    return refused('not-a-node', 'the certificate does not name a node');
  }
  if (revoked?.has(keyFingerprintOf(certificate)) === true) {
    return refused('revoked', `node ${named} was removed from the cluster`);
  }
  if (nodeId !== undefined && named !== nodeId) {
    return refused('other-node', `the certificate is of node ${named}, not of ${nodeId}`);
  }
  return { kind: 'trusted', nodeId: named };
}

function refused(
  reason: Extract<Verdict, { kind: 'refused' }>['reason'],
  message: string,
): Verdict {
  return { kind: 'refused', reason, message };
}

export function validityOf(certificate: X509Certificate): {
  readonly from: Date;
  readonly to: Date;
} {
  return { from: new Date(certificate.validFrom), to: new Date(certificate.validTo) };
}

export type RenewalDecision =
  | { readonly kind: 'keep'; readonly renewAt: Date }
  | { readonly kind: 'renew' }
  /** Renewal has been due for long: tell the operator. */
  | { readonly kind: 'overdue'; readonly expiresInMs: number }
  | { readonly kind: 'expired' };

const RENEW_AT = 2 / 3;
const OVERDUE_AT = 5 / 6;

/** A certificate is renewed when a third of its life is left; with half of that gone, renewing has been failing. */
export function decideRenewal(certificate: X509Certificate, now: Date): RenewalDecision {
  const { from, to } = validityOf(certificate);
  const at = (share: number): number => from.getTime() + (to.getTime() - from.getTime()) * share;
  const time = now.getTime();
  if (time >= to.getTime()) return { kind: 'expired' };
  if (time >= at(OVERDUE_AT)) return { kind: 'overdue', expiresInMs: to.getTime() - time };
  if (time >= at(RENEW_AT)) return { kind: 'renew' };
  return { kind: 'keep', renewAt: new Date(at(RENEW_AT)) };
}
