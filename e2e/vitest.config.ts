import { defineConfig } from 'vitest/config';

const conditions = ['cairn:source', 'node', 'import', 'default'];

/** One whole system serves all specs, one after the other; specs that break things start their own. */
export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['{functional,console,faults,performance}/**/*.spec.ts'],
    globalSetup: ['harness/global-setup.ts'],
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 180_000,
    teardownTimeout: 90_000,
  },
});
