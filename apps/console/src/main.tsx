import '@patternfly/react-core/dist/styles/base.css';
import './styles/brand.css';
import './styles/app.css';

import { QueryClient } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';

import { keys } from './api/keys';
import { NodeGateway } from './api/nodeGateway';
import { App } from './App';
import { problemIn } from './components/problem';
import { ThemeStore } from './styles/theme';

const retriesMax = 2;

const theme = new ThemeStore(window);

const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      // The event stream keeps the cache current; it says itself when it can not.
      staleTime: Infinity,
      refetchOnWindowFocus: false,
      networkMode: 'always',
      retry: (failures, error) => problemIn(error) === null && failures < retriesMax,
    },
    mutations: { networkMode: 'always' },
  },
});

const gateway = new NodeGateway({
  baseUrl: window.location.origin,
  onLoggedOut: () => queryClient.setQueryData(keys.session, null),
});

const root = document.getElementById('root');
if (!root) throw new Error('The page has no element #root');
createRoot(root).render(
  <StrictMode>
    <App gateway={gateway} queryClient={queryClient} theme={theme} />
  </StrictMode>,
);
