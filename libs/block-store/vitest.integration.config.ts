import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: { conditions: ['cairn:source'] },
  ssr: { resolve: { conditions: ['cairn:source'] } },
  // Child processes: the engine's thread belongs to a process, and some tests end theirs on purpose.
  test: { include: ['src/**/*.integration.test.ts'], pool: 'forks', testTimeout: 60_000 },
});
