// Appends to the audit log and proves it whole.
import { Injectable } from '@nestjs/common';
import { AuditEntity, type AuditRow } from '@cairn/persistence';
import { Database } from '../platform/database';
import { auditHash, firstBrokenEntry, GENESIS_HASH } from './audit-chain';

const AUDIT_LOCK = 4_201_002;
const VERIFY_PAGE = 1_000;

export type AuditEntry = Omit<AuditRow, 'sequence' | 'at' | 'prevHash' | 'hash'>;

@Injectable()
export class AuditLog {
  constructor(private readonly database: Database) {}

  /** Appends one entry; the lock gives every entry exactly one predecessor. */
  async append(entry: AuditEntry): Promise<void> {
    await this.database.transaction(async (manager) => {
      await manager.query('SELECT pg_advisory_xact_lock($1)', [AUDIT_LOCK]);
      const [last] = await manager.find(AuditEntity, { order: { sequence: 'DESC' }, take: 1 });
      const content = {
        ...entry,
        detail: entry.detail ?? null,
        sequence: (last?.sequence ?? 0) + 1,
        at: new Date(),
        prevHash: last?.hash ?? GENESIS_HASH,
      };
      await manager.insert(AuditEntity, { ...content, hash: auditHash(content) } as never);
    });
  }

  /** The sequence of the first entry that was tampered with; null when the chain is whole. */
  async verify(): Promise<number | null> {
    let after = 0;
    let prevHash = GENESIS_HASH;
    for (;;) {
      const page = await this.database.read((manager) =>
        manager
          .createQueryBuilder(AuditEntity, 'entry')
          .where('entry.sequence > :after', { after })
          .orderBy('entry.sequence')
          .limit(VERIFY_PAGE)
          .getMany(),
      );
      const broken = firstBrokenEntry(page, prevHash);
      if (broken !== null) return broken;
      const last = page.at(-1);
      if (last === undefined) return null;
      after = last.sequence;
      prevHash = last.hash;
    }
  }
}
