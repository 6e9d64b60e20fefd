/** The cluster plane's driver: facts that the cluster agrees on, in etcd. */
export * from './key-value-store';
export * from './records';
export { EtcdStore } from './etcd/etcd-store';
export type { EtcdOptions } from './etcd/etcd-channel';
export { FakeKeyValueStore } from './fake-key-value-store';
export { EtcdProcess } from './testing/etcd-process';
export * from './identity/identity-error';
export * from './identity/certificate-authority';
export * from './identity/identity-directory';
export * from './identity/pinned-authority';
export * from './identity/trust';
export * from './join/join-token';
export * from './join/token-register';
