/**
 * cairn-storage: hosts the engine, owns this node's drives and attached volumes.
 *
 * Exit codes: 0 stopped on request with everything drained; 78 the configuration is wrong (starting again does not help);
 * 1 anything else (the supervisor starts it again).
 */
import { NativeEngine, nativeDescriptors } from '@cairn/block-store';
import { EtcdStore } from '@cairn/cluster';
import { createLogger, type Logger } from '@cairn/telemetry';
import { ConfigError, parseConfig, type Config } from './config';
import { Daemon } from './daemon';
import { VERSION } from './version';

const EXIT_FAILURE = 1;
const EXIT_CONFIGURATION = 78;
const STOP_MS_MAX = 12_000;

function readConfig(): Config {
  try {
    return parseConfig(process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`cairn-storage: the configuration is wrong: ${error.message}\n`);
    return process.exit(EXIT_CONFIGURATION);
  }
}

function stopOnSignals(daemon: Daemon, log: Logger): void {
  const onSignal = (signal: NodeJS.Signals): void => {
    log.info({ signal }, 'stopping');
    const timer = setTimeout(() => {
      log.fatal({ stopMsMax: STOP_MS_MAX }, 'did not stop in time; the next start recovers');
      process.exit(EXIT_FAILURE);
    }, STOP_MS_MAX);
    daemon.stop().then(
      () => {
        clearTimeout(timer);
        process.exit(0);
      },
      (error: unknown) => {
        log.fatal({ err: error }, 'could not stop in order; the next start recovers');
        process.exit(EXIT_FAILURE);
      },
    );
  };
  process.once('SIGTERM', onSignal);
  process.once('SIGINT', onSignal);
}

async function main(): Promise<void> {
  const config = readConfig();
  const log = createLogger({ name: 'cairn-storage', level: config.logLevel });
  const die = (error: unknown): never => {
    log.fatal({ err: error }, 'ending');
    process.exit(EXIT_FAILURE);
  };
  process.on('uncaughtException', die);
  process.on('unhandledRejection', die);
  const daemon = new Daemon({
    config,
    openEngine: (onEvent) => NativeEngine.open({ onEvent }),
    descriptors: nativeDescriptors(),
    cluster: new EtcdStore({ endpoints: config.etcdEndpoints }),
    log,
    version: VERSION,
    uptimeMs: () => process.uptime() * 1000,
    onEngineSilent: () => die(new Error('the engine does not answer: ending, to be started again')),
  });
  stopOnSignals(daemon, log);
  await daemon.start();
}

void main();
