/** What a command works with: the client of its server, its output and its options. */
import type { Agent } from 'node:https';
import {
  createCairnClient,
  outcomeOf,
  succeed,
  type CairnClient,
  type CallResult,
  type components,
} from '@cairn/api-client';
import type { Task } from '@cairn/contracts';
import type { Command } from 'commander';
import { z } from 'zod';
import { loadConfig } from './config';
import { TimeoutError, UsageError } from './exit';
import { Output, outputFormatSchema } from './output';
import { planColumns, taskColumns } from './columns';
import { createProgress } from './progress';
import { createAgent, fetchOver } from './tls';
import type { World } from './world';

const commonOptionsSchema = z.object({
  output: outputFormatSchema.default('table'),
  wait: z.boolean().default(false),
  timeout: z.number().optional(),
  dryRun: z.boolean().default(false),
});
export type CommonOptions = z.infer<typeof commonOptionsSchema>;

export interface Session {
  readonly world: World;
  readonly out: Output;
  readonly client: CairnClient;
  readonly agent: Agent;
  readonly server: string;
  readonly options: CommonOptions;
}

/** The options of a command as its schema says. */
export function optionsOf<Schema extends z.ZodType>(
  command: Command,
  schema: Schema,
): z.output<Schema> {
  return schema.parse(command.optsWithGlobals());
}

export function outputOf(world: World, command: Command): Output {
  return new Output(world, optionsOf(command, commonOptionsSchema).output);
}

/** Runs `work` with a session and closes its connections. Throws `UsageError` if nobody is logged in. */
export async function withSession(
  world: World,
  command: Command,
  work: (session: Session) => Promise<void>,
): Promise<void> {
  const options = optionsOf(command, commonOptionsSchema);
  const config = loadConfig(world);
  if (config === undefined) throw new UsageError('Log in first: cairn login <server>');
  const agent = createAgent(config.fingerprint);
  const client = createCairnClient({
    baseUrl: config.server,
    token: config.token,
    fetch: fetchOver(agent),
  });
  const out = new Output(world, options.output);
  try {
    await work({ world, out, client, agent, server: config.server, options });
  } finally {
    agent.destroy();
  }
}

/** Parameters that a write may carry by the common options. */
export function dryRunQuery(session: Session): { dryRun?: true } {
  return session.options.dryRun ? { dryRun: true } : {};
}

type Resource<Data> = Exclude<Data, components['schemas']['Plan'] | components['schemas']['Task']>;

export interface FinishOptions<Data> {
  /** What is being done, for people: `vm web-1: start`. */
  readonly what: string;
  /** Prints the resource of a write that answers with one. */
  readonly resource?: (resource: Resource<Data>) => void;
  /** Prints what a finished task has made; by default a sentence. */
  readonly finished?: (task: Task) => Promise<void>;
}

/** Ends a write: prints its plan, waits for its task if asked to, or prints the resource. */
export async function finish<Data>(
  session: Session,
  result: CallResult<Data>,
  options: FinishOptions<Data>,
): Promise<void> {
  const outcome = outcomeOf(result);
  switch (outcome.kind) {
    case 'plan':
      session.out.item(outcome.plan, planColumns);
      return;
    case 'resource':
      if (options.resource === undefined) session.out.done(`${options.what}: done.`, null);
      else options.resource(outcome.resource);
      return;
    case 'task':
      await finishTask(session, outcome.task, options);
  }
}

async function finishTask<Data>(session: Session, task: Task, options: FinishOptions<Data>) {
  if (!session.options.wait) {
    if (session.out.isMachine()) session.out.item(task, taskColumns(session.world.now()));
    else session.out.done(`${options.what}: task ${task.id} started.`, task);
    return;
  }
  const finished = await waitWithProgress(session, task.id);
  if (options.finished === undefined) session.out.done(`${options.what}: done.`, finished);
  else await options.finished(finished);
}

/** Waits for a task and shows its progress. Throws unless it succeeds; `TimeoutError` after `--timeout`. */
export async function waitWithProgress(session: Session, taskId: string): Promise<Task> {
  const { timeout } = session.options;
  const deadline = timeout === undefined ? [] : [AbortSignal.timeout(timeout * 1000)];
  const signal = AbortSignal.any([session.world.signal, ...deadline]);
  const progress = createProgress(session.world);
  try {
    return await succeed(session.client, taskId, { signal, onProgress: progress.update });
  } catch (error) {
    if (deadline[0]?.aborted === true && !session.world.signal.aborted)
      throw new TimeoutError(`The task ${taskId} is not finished yet; it goes on.`);
    throw error;
  } finally {
    progress.end();
  }
}
