import { QueryClientProvider, type QueryClient } from '@tanstack/react-query';
import { lazy, Suspense, type ReactElement } from 'react';
import { BrowserRouter, Route, Routes } from 'react-router';

import { GatewayContext, type Gateway } from './api/gateway';
import { NoticeProvider } from './components/notices';
import { LoadingState } from './components/States';
import { AboutPage } from './features/about/AboutPage';
import { DashboardPage } from './features/dashboard/DashboardPage';
import { DrivesPage } from './features/drives/DrivesPage';
import { ImagesPage } from './features/images/ImagesPage';
import { UploadProvider } from './features/images/uploads';
import { NodePage } from './features/nodes/NodePage';
import { NodesPage } from './features/nodes/NodesPage';
import { PasswordPage } from './features/session/PasswordPage';
import { SessionGate } from './features/session/SessionGate';
import { SessionsPage } from './features/sessions/SessionsPage';
import { TasksPage } from './features/tasks/TasksPage';
import { TokensPage } from './features/tokens/TokensPage';
import { UsersPage } from './features/users/UsersPage';
import { CreateVmPage } from './features/vms/create/CreateVmPage';
import { VmListPage } from './features/vms/VmListPage';
import { VmPage } from './features/vms/VmPage';
import { VolumesPage } from './features/volumes/VolumesPage';
import { AppShell } from './layout/AppShell';
import { NotFoundPage } from './layout/NotFoundPage';
import type { ThemeStore } from './styles/theme';
import { ThemeContext } from './styles/useTheme';

const ConsoleWindow = lazy(() => import('./features/vms/console/ConsoleWindow'));

export interface AppProps {
  readonly gateway: Gateway;
  readonly queryClient: QueryClient;
  readonly theme: ThemeStore;
}

/** The whole console. */
export function App({ gateway, queryClient, theme }: AppProps): ReactElement {
  return (
    <ThemeContext value={theme}>
      <GatewayContext value={gateway}>
        <QueryClientProvider client={queryClient}>
          <BrowserRouter>
            <NoticeProvider>
              <SessionGate>
                <UploadProvider>
                  <Pages />
                </UploadProvider>
              </SessionGate>
            </NoticeProvider>
          </BrowserRouter>
        </QueryClientProvider>
      </GatewayContext>
    </ThemeContext>
  );
}

function Pages(): ReactElement {
  return (
    <Routes>
      <Route
        path="/vms/:vmId/window/:kind"
        element={
          <Suspense fallback={<LoadingState label="the console" />}>
            <ConsoleWindow />
          </Suspense>
        }
      />
      <Route element={<AppShell />}>
        <Route index element={<DashboardPage />} />
        <Route path="/vms" element={<VmListPage />} />
        <Route path="/vms/create" element={<CreateVmPage />} />
        <Route path="/vms/:vmId/:tab?" element={<VmPage />} />
        <Route path="/images" element={<ImagesPage />} />
        <Route path="/drives" element={<DrivesPage />} />
        <Route path="/volumes" element={<VolumesPage />} />
        <Route path="/nodes" element={<NodesPage />} />
        <Route path="/nodes/:nodeId" element={<NodePage />} />
        <Route path="/tasks" element={<TasksPage />} />
        <Route path="/users" element={<UsersPage />} />
        <Route path="/tokens" element={<TokensPage />} />
        <Route path="/sessions" element={<SessionsPage />} />
        <Route path="/password" element={<PasswordPage />} />
        <Route path="/about" element={<AboutPage />} />
        <Route path="*" element={<NotFoundPage />} />
      </Route>
    </Routes>
  );
}
