/** `cairn vm nic …`: network cards of a VM. */
import { nicModelSchema } from '@cairn/contracts';
import { Option, type Command } from 'commander';
import { z } from 'zod';
import { nicColumns } from '../columns';
import { parseNic } from '../device-options';
import { UsageError } from '../exit';
import { fetchVm, partOf, vmIdOf } from '../resolve';
import { finish, optionsOf, withSession } from '../session';
import type { World } from '../world';
import { given, withTask } from './shared';

export function vmNicCommands(vm: Command, world: World): void {
  const nic = vm.command('nic').description('network cards of a VM; name one by its slot or id');
  nic
    .command('list <vm>')
    .alias('ls')
    .description('list the network cards of a VM')
    .action((name: string, _options: unknown, command: Command) =>
      withSession(world, command, async (session) => {
        session.out.list((await fetchVm(session.client, name)).nics, nicColumns);
      }),
    );
  withTask(nic.command('add <vm> <nic>'))
    .description('add a network card: user or bridge=NAME[,model=…][,mac=…]')
    .action((name: string, text: string, _options: unknown, command: Command) =>
      withSession(world, command, async (session) => {
        const body = parseNic(text);
        const vmId = await vmIdOf(session.client, name);
        const result = await session.client.POST('/api/v1/vms/{vmId}/nics', {
          params: { path: { vmId } },
          body,
        });
        await finish(session, result, { what: `vm ${name}: add network card` });
      }),
    );
  setCommand(nic, world);
  withTask(nic.command('remove <vm> <nic>'))
    .description('remove a network card')
    .action((name: string, text: string, _options: unknown, command: Command) =>
      withSession(world, command, async (session) => {
        const vm = await fetchVm(session.client, name);
        const nicId = partOf('network card', vm.nics, text).id;
        const result = await session.client.DELETE('/api/v1/vms/{vmId}/nics/{nicId}', {
          params: { path: { vmId: vm.id, nicId } },
        });
        await finish(session, result, { what: `vm ${name}: remove network card ${text}` });
      }),
    );
}

const setSchema = z.object({
  connected: z.enum(['yes', 'no']).optional(),
  model: nicModelSchema.optional(),
  mac: z.string().optional(),
  network: z.string().optional(),
});

function setCommand(nic: Command, world: World): void {
  nic
    .command('set <vm> <nic>')
    .description('pull or plug the cable, or change the card of a stopped VM')
    .addOption(new Option('--connected <yes|no>', 'the virtual cable').choices(['yes', 'no']))
    .addOption(new Option('--model <model>', 'model').choices(nicModelSchema.options))
    .option('--mac <address>', 'hardware address')
    .option('--network <network>', 'user or bridge=NAME')
    .action((name: string, text: string, _options: unknown, command: Command) =>
      withSession(world, command, async (session) => {
        const { connected, model, mac, network } = optionsOf(command, setSchema);
        const body = given({
          connected: connected === undefined ? undefined : connected === 'yes',
          model,
          mac,
          network: network === undefined ? undefined : parseNic(network).network,
        });
        if (Object.keys(body).length === 0) throw new UsageError('Say what to change. See --help.');
        const vm = await fetchVm(session.client, name);
        const nicId = partOf('network card', vm.nics, text).id;
        const result = await session.client.PATCH('/api/v1/vms/{vmId}/nics/{nicId}', {
          params: { path: { vmId: vm.id, nicId } },
          body,
        });
        await finish(session, result, {
          what: `vm ${name}: set network card`,
          resource: (changed) => session.out.item(changed, nicColumns),
        });
      }),
    );
}
