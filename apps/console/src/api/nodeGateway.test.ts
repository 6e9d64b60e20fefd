import { problemOf } from '@cairn/contracts';
import { describe, expect, it, vi } from 'vitest';

import { problemIn } from '../components/problem';
import { vmFixture } from '../testing/fixtures';
import { NodeGateway } from './nodeGateway';

const vm = vmFixture({});

function gatewayWith(answer: () => Response): {
  readonly gateway: NodeGateway;
  readonly requests: Request[];
  readonly onLoggedOut: () => void;
} {
  const requests: Request[] = [];
  const onLoggedOut = vi.fn();
  const fetch = (request: Request): Promise<Response> => {
    requests.push(request);
    return Promise.resolve(answer());
  };
  const gateway = new NodeGateway({ baseUrl: 'https://cairn.test', onLoggedOut, fetch });
  return { gateway, requests, onLoggedOut };
}

const json = (body: unknown, status = 200): Response => Response.json(body, { status });

describe('NodeGateway', () => {
  it('builds the address from the route table', async () => {
    const { gateway, requests } = gatewayWith(() => json(vm));
    await gateway.call('getVm', { params: { vmId: vm.id } });
    expect(requests[0]?.url).toBe(`https://cairn.test/api/v1/vms/${vm.id}`);
    expect(requests[0]?.method).toBe('GET');
  });

  it('sends the proof of the session and the expected revision with a write', async () => {
    const { gateway, requests } = gatewayWith(() => json(vm));
    gateway.setCsrfToken('token-1');
    await gateway.call('updateVm', {
      params: { vmId: vm.id },
      body: { name: 'web-2' },
      ifRevision: 7,
    });
    const [request] = requests;
    expect(request?.headers.get('X-CSRF-Token')).toBe('token-1');
    expect(request?.headers.get('If-Match')).toBe('"7"');
    expect(await request?.json()).toEqual({ name: 'web-2' });
  });

  it('asks for a plan without doing anything', async () => {
    const { gateway, requests } = gatewayWith(() => json({ dryRun: true }));
    await gateway.plan('deleteVm', { params: { vmId: vm.id }, query: { keepVolumes: 'true' } });
    expect(requests[0]?.url).toContain('?keepVolumes=true&dryRun=true');
    expect(requests[0]?.method).toBe('DELETE');
  });

  it("rejects with the API's problem, and tells when the log-in has ended", async () => {
    const problem = problemOf({ code: 'auth.required', detail: 'Log in.', requestId: 'r' });
    const { gateway, onLoggedOut } = gatewayWith(() => json(problem, 401));
    const error: unknown = await gateway.call('listVms').catch((reason: unknown) => reason);
    expect(problemIn(error)?.code).toBe('auth.required');
    expect(onLoggedOut).toHaveBeenCalled();
  });

  it('answers nothing for an empty body', async () => {
    const { gateway } = gatewayWith(() => new Response(null, { status: 204 }));
    expect(await gateway.call('deleteCurrentSession')).toBeUndefined();
  });
});
