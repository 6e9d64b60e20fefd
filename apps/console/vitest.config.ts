import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  plugins: [react()],
  resolve: { conditions: ['cairn:source', 'module', 'browser', 'development|production'] },
  test: {
    include: ['src/**/*.test.ts', 'src/**/*.test.tsx'],
    environment: 'happy-dom',
    setupFiles: ['src/testing/setup.ts'],
    css: false,
    maxWorkers: 2,
    server: { deps: { inline: [/@patternfly/] } },
  },
});
