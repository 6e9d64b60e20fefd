/** `cairn vm …`: virtual machines and their power. */
import { readFileSync } from 'node:fs';
import { taskOf, unwrap, type components } from '@cairn/api-client';
import { bootDeviceSchema, firmwareSchema, vmPowerVerbs, type VmPowerVerb } from '@cairn/contracts';
import { Option, type Command } from 'commander';
import { z } from 'zod';
import { vmColumns, vmDetails } from '../columns';
import { diskCreateOf, parseDisk, parseNic } from '../device-options';
import { UsageError } from '../exit';
import { fetchVm, isoIdOf, vmIdOf } from '../resolve';
import {
  dryRunQuery,
  finish,
  optionsOf,
  waitWithProgress,
  withSession,
  type Session,
} from '../session';
import { parseCount, parseSize } from '../units';
import type { World } from '../world';
import { listCommand } from './list';
import { given, parseList, repeatable, withDryRun, withTask } from './shared';
import { vmConsoleCommand } from './vm-console';
import { vmDiskCommands } from './vm-disk';
import { vmNicCommands } from './vm-nic';

type Schemas = components['schemas'];

const hardwareShape = {
  description: z.string().optional(),
  tag: z.array(z.string()).optional(),
  vcpus: z.number().optional(),
  memory: z.number().optional(),
  firmware: firmwareSchema.optional(),
  machineType: z.string().optional(),
  cpuModel: z.string().optional(),
  boot: z.array(bootDeviceSchema).optional(),
  hostname: z.string().optional(),
  user: z.string().optional(),
  sshKey: z.array(z.string()).optional(),
  cloudInit: z.string().optional(),
};
const hardwareSchema = z.object(hardwareShape);

const createSchema = hardwareSchema.extend({
  vcpus: z.number().default(1),
  memory: z.number().default(1024 ** 3),
  disk: z.array(z.string()).default([]),
  cdrom: z.array(z.string()).default([]),
  nic: z.array(z.string()).default([]),
  protect: z.boolean().optional(),
  start: z.boolean().default(false),
});

const setSchema = hardwareSchema.extend({
  name: z.string().optional(),
  protect: z.boolean().optional(),
});

export function vmCommands(program: Command, world: World): void {
  const vm = program.command('vm').description('virtual machines');
  listCommand(vm, world, {
    noun: 'VMs',
    columns: () => vmColumns,
    list: async (client, query) => unwrap(await client.GET('/api/v1/vms', { params: { query } })),
  });
  vm.command('show <vm>')
    .description('show a VM')
    .action((name: string, _options: unknown, command: Command) =>
      withSession(world, command, async (session) => {
        session.out.item(await fetchVm(session.client, name), vmDetails);
      }),
    );
  createCommand(vm, world);
  setCommand(vm, world);
  deleteCommand(vm, world);
  for (const verb of vmPowerVerbs) powerCommand(vm, world, verb);
  vmConsoleCommand(vm, world);
  vmDiskCommands(vm, world);
  vmNicCommands(vm, world);
}

function withHardware(command: Command): Command {
  return command
    .option('--vcpus <count>', 'number of virtual CPUs', parseCount)
    .option('--memory <size>', 'memory, for example 2G', parseSize)
    .option('--description <text>', 'what it is for')
    .addOption(repeatable('--tag <tag>', 'a tag; may be repeated'))
    .addOption(new Option('--firmware <kind>', 'firmware').choices(firmwareSchema.options))
    .option('--machine-type <type>', 'q35, i440fx or a versioned type such as pc-q35-7.2')
    .option('--cpu-model <model>', 'CPU model; the default is chosen by the cluster')
    .option('--boot <devices>', 'order of disk, cdrom, network, separated by commas', parseList)
    .option('--hostname <name>', 'cloud-init: host name of the guest')
    .option('--user <name>', 'cloud-init: user to make in the guest')
    .addOption(repeatable('--ssh-key <file>', 'cloud-init: public key file; may be repeated'))
    .option('--cloud-init <file>', 'cloud-init: user data of your own');
}

function createCommand(vm: Command, world: World): void {
  const command = withHardware(vm.command('create <name>'))
    .description('create a VM')
    .addOption(
      repeatable('--disk <disk>', '20G, image=NAME[,size=20G] or volume=NAME; may be repeated'),
    )
    .addOption(repeatable('--cdrom <iso>', 'an ISO to insert; may be repeated'))
    .addOption(repeatable('--nic <nic>', 'user or bridge=NAME[,model=…][,mac=…]; may be repeated'))
    .option('--protect', 'protect it from deletion')
    .option('--start', 'start it when it is made');
  withDryRun(withTask(command)).action((name: string, _options: unknown, self: Command) =>
    withSession(world, self, async (session) => {
      const options = optionsOf(self, createSchema);
      const body = await createBody(session, name, options);
      const query = dryRunQuery(session);
      const result = await session.client.POST('/api/v1/vms', { body, params: { query } });
      await finish(session, result, {
        what: `vm ${name}: create`,
        resource: (made) => session.out.item(made, vmDetails),
        finished: async (task) => {
          const vmId = task.resource?.id ?? name;
          if (options.start) await startMade(session, vmId);
          session.out.item(await fetchVm(session.client, vmId), vmDetails);
        },
      });
    }),
  );
}

/** With --wait the start is a task of its own, so that its end decides about the exit code. */
async function startMade(session: Session, vmId: string): Promise<void> {
  const path = '/api/v1/vms/{vmId}/actions/start';
  const task = taskOf(await session.client.POST(path, { params: { path: { vmId } } }));
  await waitWithProgress(session, task.id);
}

async function createBody(
  { client, options: { wait, dryRun } }: Session,
  name: string,
  options: z.infer<typeof createSchema>,
): Promise<Schemas['VmCreate']> {
  const disks: Schemas['VmDiskCreate'][] = [];
  for (const text of options.disk) disks.push(await diskCreateOf(client, parseDisk(text)));
  for (const text of options.cdrom)
    disks.push({ kind: 'cdrom', isoId: await isoIdOf(client, text) });
  return {
    name,
    ...hardwareOf(options),
    vcpus: options.vcpus,
    memoryBytes: options.memory,
    ...given({ deletionProtection: options.protect }),
    disks,
    nics: options.nic.map(parseNic),
    start: options.start && (dryRun || !wait),
  };
}

function setCommand(vm: Command, world: World): void {
  const command = withHardware(vm.command('set <vm>'))
    .description('change a VM; hardware of a running VM changes at its next power cycle')
    .option('--name <name>', 'new name')
    .option('--protect', 'protect it from deletion')
    .option('--no-protect', 'allow its deletion');
  withDryRun(command).action((name: string, _options: unknown, self: Command) =>
    withSession(world, self, async (session) => {
      const options = optionsOf(self, setSchema);
      const body: Schemas['VmPatch'] = {
        ...hardwareOf(options),
        ...given({ name: options.name, deletionProtection: options.protect }),
      };
      if (Object.keys(body).length === 0) throw new UsageError('Say what to change. See --help.');
      const vmId = await vmIdOf(session.client, name);
      const result = await session.client.PATCH('/api/v1/vms/{vmId}', {
        params: { path: { vmId }, query: dryRunQuery(session) },
        body,
      });
      await finish(session, result, {
        what: `vm ${name}: set`,
        resource: (changed) => session.out.item(changed, vmDetails),
      });
    }),
  );
}

/** The options that creation and change have in common, as the API's fields. */
function hardwareOf(options: z.infer<typeof hardwareSchema>) {
  return given({
    description: options.description,
    tags: options.tag,
    vcpus: options.vcpus,
    memoryBytes: options.memory,
    firmware: options.firmware,
    machineType: options.machineType,
    cpuModel: options.cpuModel,
    bootOrder: options.boot,
    cloudInit: cloudInitOf(options),
  });
}

function cloudInitOf(
  options: z.infer<typeof hardwareSchema>,
): Schemas['CloudInitInput'] | undefined {
  const { hostname, user, sshKey } = options;
  const form = hostname !== undefined || user !== undefined || sshKey !== undefined;
  if (options.cloudInit !== undefined) {
    if (form) throw new UsageError('--cloud-init already says all; leave out the other options.');
    return { kind: 'text', userData: readText(options.cloudInit) };
  }
  if (!form) return undefined;
  return {
    kind: 'form',
    sshAuthorizedKeys: (sshKey ?? []).flatMap(keysInFile),
    ...given({ hostname, userName: user }),
  };
}

function keysInFile(path: string): string[] {
  const lines = readText(path).split('\n');
  return lines.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'));
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(`${path} cannot be read.`, { cause: error });
  }
}

function deleteCommand(vm: Command, world: World): void {
  const command = vm
    .command('delete <vm>')
    .description('delete a stopped VM and its volumes')
    .option('--keep-volumes', 'keep its volumes');
  withDryRun(withTask(command)).action((name: string, _options: unknown, self: Command) =>
    withSession(world, self, async (session) => {
      const { keepVolumes } = optionsOf(self, z.object({ keepVolumes: z.boolean().optional() }));
      const vmId = await vmIdOf(session.client, name);
      const query = {
        ...dryRunQuery(session),
        ...(keepVolumes === true ? { keepVolumes: 'true' as const } : {}),
      };
      const result = await session.client.DELETE('/api/v1/vms/{vmId}', {
        params: { path: { vmId }, query },
      });
      await finish(session, result, { what: `vm ${name}: delete` });
    }),
  );
}

const powerDescriptions: Readonly<Record<VmPowerVerb, string>> = {
  start: 'start VMs',
  shutdown: 'ask the guests to shut down',
  stop: 'cut the power of VMs',
  reboot: 'ask the guests to reboot',
  reset: 'press the reset button of VMs',
  pause: 'stop the vCPUs of VMs',
  resume: 'let the vCPUs of VMs go on',
};

function powerCommand(vm: Command, world: World, verb: VmPowerVerb): void {
  const command = vm.command(`${verb} <vm...>`).description(powerDescriptions[verb]);
  if (verb === 'shutdown')
    command
      .option('--deadline <seconds>', 'how long the guest may take', parseCount)
      .option('--then-stop', 'cut the power when the guest has ignored it');
  withDryRun(withTask(command)).action((names: string[], _options: unknown, self: Command) =>
    withSession(world, self, async (session) => {
      for (const name of names) await changePower(session, name, verb, self);
    }),
  );
}

async function changePower(session: Session, name: string, verb: VmPowerVerb, command: Command) {
  const vmId = await vmIdOf(session.client, name);
  const params = { path: { vmId }, query: dryRunQuery(session) };
  const what = `vm ${name}: ${verb}`;
  if (verb === 'shutdown') {
    const options = optionsOf(
      command,
      z.object({ deadline: z.number().optional(), thenStop: z.boolean().optional() }),
    );
    const body = given({ deadlineSeconds: options.deadline, thenStop: options.thenStop });
    const path = '/api/v1/vms/{vmId}/actions/shutdown';
    await finish(session, await session.client.POST(path, { params, body }), { what });
    return;
  }
  const path = `/api/v1/vms/{vmId}/actions/${verb}` as const;
  await finish(session, await session.client.POST(path, { params }), { what });
}
