// cairn-node: the management plane of a node. It can be restarted at any moment; guests go on.
//
//   SIGTERM, SIGINT  drain and exit 0; guests go on
//   SIGUSR2          shut all guests down, then exit 0; a second one ends them at once
import 'reflect-metadata';
import { StorageClient } from '@cairn/block-store';
import { EtcdStore } from '@cairn/cluster';
import { createLogger, type Logger } from '@cairn/telemetry';
import { createQemuVmRuntime, probeAcceleration } from '@cairn/vm-runtime';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { readFileSync } from 'node:fs';
import { Lifecycle } from './lifecycle';
import { EnvironmentError, parseEnvironment, type Environment } from './platform/environment';
import { createApp } from './platform/http';
import type { World } from './platform/platform.module';
import { VERSION } from './platform/version';

const STOP_DEADLINE_MS = 12_000;
const GUESTS_DEADLINE_MS = 30_000;
/** The supervisor does not restart a service that says its configuration is wrong. */
const EXIT_CONFIGURATION = 78;
const UID_BASE = 200_000;

async function worldOf(environment: Environment, logger: Logger): Promise<World> {
  const { programsDir, runDir, stateDir } = environment;
  const acceleration = await probeAcceleration({ programsDir });
  logger.info({ ...acceleration }, 'virtualisation probed');
  const runtime = await createQemuVmRuntime({
    runDir,
    stateDir,
    programsDir,
    acceleration,
    uidBase: process.getuid?.() === 0 ? UID_BASE : null,
    log: (level, message, context) => logger[level](context, message),
  });
  return {
    environment,
    logger,
    acceleration,
    runtime,
    storage: new StorageClient({ socketPath: environment.storageSocket }),
    clusterStore: new EtcdStore({ endpoints: environment.etcdEndpoints }),
  };
}

function tlsOf(
  environment: Environment,
): { key: Buffer; cert: Buffer; minVersion: 'TLSv1.2' } | null {
  if (environment.tls === null) return null;
  return {
    key: readFileSync(environment.tls.keyFile),
    cert: readFileSync(environment.tls.certFile),
    minVersion: 'TLSv1.2',
  };
}

/** Runs `work` but exits with 1 when it takes too long: a stop must end. */
async function bounded(work: Promise<void>, deadlineMs: number, logger: Logger): Promise<void> {
  const timer = setTimeout(() => {
    logger.error({ deadlineMs }, 'stopping took too long');
    process.exit(1);
  }, deadlineMs);
  await work;
  clearTimeout(timer);
}

function handleSignals(app: NestExpressApplication, world: World): void {
  const { logger } = world;
  const lifecycle = app.get(Lifecycle);
  let isStopping = false;
  let isEndingGuests = false;
  const exit = async (): Promise<void> => {
    const server = app.getHttpServer();
    server.close();
    await lifecycle.stop();
    server.closeAllConnections();
    await app.close();
    world.clusterStore.close();
  };
  const stop = (): void => {
    if (isStopping) return;
    isStopping = true;
    logger.info('stopping; guests go on');
    void bounded(exit(), STOP_DEADLINE_MS, logger).then(() => process.exit(0), fail(logger));
  };
  const endGuests = (): void => {
    if (isEndingGuests) {
      void lifecycle.stopGuests();
      return;
    }
    isEndingGuests = true;
    const work = lifecycle.shutDownGuests();
    void bounded(work, GUESTS_DEADLINE_MS, logger).then(stop, fail(logger));
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  process.on('SIGUSR2', endGuests);
}

function fail(logger: Logger): (error: unknown) => never {
  return (error) => {
    logger.fatal({ err: error }, 'the service failed');
    process.exit(1);
  };
}

async function main(): Promise<void> {
  const environment = parseEnvironment(process.env);
  const logger = createLogger({ name: 'cairn-node', level: environment.logLevel });
  const world = await worldOf(environment, logger);
  const app = await createApp(world, tlsOf(environment));
  handleSignals(app, world);
  await app.get(Lifecycle).start();
  const { host, port } = environment.listen;
  await app.listen(port, host);
  const url = await app.getUrl();
  logger.info({ url, version: VERSION, startMs: Math.round(process.uptime() * 1000) }, 'serving');
}

main().catch((error: unknown) => {
  if (error instanceof EnvironmentError) {
    process.stderr.write(`cairn-node: ${error.message}\n`);
    process.exit(EXIT_CONFIGURATION);
  }
  process.stderr.write(
    `cairn-node: cannot start: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  process.exit(1);
});
