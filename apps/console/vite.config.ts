import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** The address of a running cairn-node that `npm run dev` forwards API calls to. */
const apiTarget = process.env['CAIRN_URL'] ?? 'https://127.0.0.1:8443';

/** Libraries that change rarely get their own chunk, so that an upgrade of Cairn keeps them cached. */
const vendorGroups = [
  { name: 'react', test: /node_modules\/(react|react-dom|scheduler|react-router)\// },
  { name: 'patternfly', test: /node_modules\/@patternfly\// },
  { name: 'novnc', test: /node_modules\/@novnc\// },
  { name: 'xterm', test: /node_modules\/@xterm\// },
  { name: 'uplot', test: /node_modules\/uplot\// },
];

export default defineConfig({
  plugins: [react()],
  resolve: { conditions: ['cairn:source', 'module', 'browser', 'development|production'] },
  build: {
    // noVNC probes its decoders with a top-level await.
    target: 'es2022',
    // A data: URL would need a wider content security policy than 'self'.
    assetsInlineLimit: 0,
    rolldownOptions: { output: { codeSplitting: { groups: vendorGroups } } },
  },
  server: {
    proxy: { '/api': { target: apiTarget, changeOrigin: true, secure: false, ws: true } },
  },
});
