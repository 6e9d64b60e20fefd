/**
 * The control API of cairn-storage: HTTP/JSON over a unix socket of the node, spoken by cairn-node alone.
 *
 *     GET    /healthz                      200 when it serves
 *     GET    /metrics                      Prometheus text
 *     GET    /v1/status                    StorageStatus
 *     GET    /v1/drives                    StorageDriveList: the node's part of the pool, and what could be added
 *     POST   /v1/drives                    StorageDriveAdd -> StorageDrive; formats
 *     DELETE /v1/drives/:id                204; refused with `busy` while volumes live on it
 *     GET    /v1/volumes                   StorageVolumeList
 *     POST   /v1/volumes                   StorageVolumeCreate -> StorageVolume
 *     GET    /v1/volumes/:id               StorageVolume
 *     DELETE /v1/volumes/:id               204, also when it is gone already; refused with `busy` while attached
 *     POST   /v1/volumes/:id/attach        StorageVolumeAttach -> StorageAttachment
 *     POST   /v1/volumes/:id/detach        204, also when it is not attached
 *     POST   /v1/volumes/:id/resize        StorageVolumeResize -> StorageVolume
 *     GET    /v1/volumes/:id/stats         StorageVolumeStats
 *
 * What changes something may be repeated: a creation with the same `externalId` gives the same volume, an attach the same
 * attachment, the same addition of a drive the same drive; a drive that is removed already is `not_found`. A failure is a StorageProblem with a status code of `storageErrorStatus`.
 */
export * from './errors';
export * from './status';
export * from './drives';
export * from './volumes';
