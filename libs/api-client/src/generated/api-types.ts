/**
 * Types of every path and schema of the API, made from its OpenAPI document by `npm run generate`.
 */

export interface paths {
    "/api/v1/cluster": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show the cluster */
        get: operations["getCluster"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /** Rename the cluster */
        patch: operations["updateCluster"];
        trace?: never;
    };
    "/api/v1/nodes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List nodes */
        get: operations["listNodes"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/nodes/{nodeId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show a node */
        get: operations["getNode"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/drives": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the drives of the pool */
        get: operations["listDrives"];
        put?: never;
        /** Add a device or a file to the pool */
        post: operations["addDrive"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/drives/candidates": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List devices that are not in the pool */
        get: operations["listDriveCandidates"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/drives/{driveId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show a drive */
        get: operations["getDrive"];
        put?: never;
        post?: never;
        /** Take an empty drive out of the pool */
        delete: operations["removeDrive"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/vms": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List VMs */
        get: operations["listVms"];
        put?: never;
        /** Create a VM with its disks and network cards */
        post: operations["createVm"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/vms/{vmId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show a VM */
        get: operations["getVm"];
        put?: never;
        post?: never;
        /** Delete a stopped VM and its volumes */
        delete: operations["deleteVm"];
        options?: never;
        head?: never;
        /** Change a VM */
        patch: operations["updateVm"];
        trace?: never;
    };
    "/api/v1/vms/{vmId}/actions/start": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Start a VM */
        post: operations["startVm"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/vms/{vmId}/actions/shutdown": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Ask the guest to shut down */
        post: operations["shutdownVm"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/vms/{vmId}/actions/stop": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Cut the power of a VM */
        post: operations["stopVm"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/vms/{vmId}/actions/reboot": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Ask the guest to reboot */
        post: operations["rebootVm"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/vms/{vmId}/actions/reset": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Press the reset button of a VM */
        post: operations["resetVm"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/vms/{vmId}/actions/pause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Stop the vCPUs of a VM */
        post: operations["pauseVm"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/vms/{vmId}/actions/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Let the vCPUs of a VM go on */
        post: operations["resumeVm"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/vms/{vmId}/actions/console-ticket": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Get a one-time ticket for the screen or the serial line */
        post: operations["createConsoleTicket"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/vms/{vmId}/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Time series of a VM */
        get: operations["getVmMetrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/vms/{vmId}/disks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Add a disk or an optical drive */
        post: operations["addVmDisk"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/vms/{vmId}/disks/{diskId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Remove a disk and its volume */
        delete: operations["removeVmDisk"];
        options?: never;
        head?: never;
        /** Change limits or bus of a disk */
        patch: operations["updateVmDisk"];
        trace?: never;
    };
    "/api/v1/vms/{vmId}/disks/{diskId}/actions/resize": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Make a disk larger */
        post: operations["resizeVmDisk"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/vms/{vmId}/disks/{diskId}/actions/insert-media": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Insert an ISO into an optical drive */
        post: operations["insertMedia"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/vms/{vmId}/disks/{diskId}/actions/eject": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Eject the ISO from an optical drive */
        post: operations["ejectMedia"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/vms/{vmId}/nics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Add a network card */
        post: operations["addVmNic"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/vms/{vmId}/nics/{nicId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Remove a network card */
        delete: operations["removeVmNic"];
        options?: never;
        head?: never;
        /** Change a network card, or pull its cable */
        patch: operations["updateVmNic"];
        trace?: never;
    };
    "/api/v1/volumes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List volumes */
        get: operations["listVolumes"];
        put?: never;
        /** Create an empty volume */
        post: operations["createVolume"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/volumes/{volumeId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show a volume */
        get: operations["getVolume"];
        put?: never;
        post?: never;
        /** Delete a volume that nothing uses */
        delete: operations["deleteVolume"];
        options?: never;
        head?: never;
        /** Rename or describe a volume */
        patch: operations["updateVolume"];
        trace?: never;
    };
    "/api/v1/volumes/{volumeId}/actions/resize": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Make a volume larger */
        post: operations["resizeVolume"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/images": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List images */
        get: operations["listImages"];
        put?: never;
        /** Announce the upload of an image */
        post: operations["createImage"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/images/actions/import-url": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Download an image */
        post: operations["importImageUrl"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/images/actions/build-demo": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Build a demo image from the node's packages */
        post: operations["buildDemoImage"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/images/{imageId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show an image and how far its upload is */
        get: operations["getImage"];
        put?: never;
        post?: never;
        /** Delete an image; VMs made from it keep their disks */
        delete: operations["deleteImage"];
        options?: never;
        head?: never;
        /** Rename or describe an image */
        patch: operations["updateImage"];
        trace?: never;
    };
    "/api/v1/images/{imageId}/data": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Upload a part of an image */
        put: operations["uploadImageData"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/isos": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List ISOs */
        get: operations["listIsos"];
        put?: never;
        /** Announce the upload of an ISO */
        post: operations["createIso"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/isos/actions/import-url": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Download an ISO */
        post: operations["importIsoUrl"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/isos/{isoId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show an ISO and how far its upload is */
        get: operations["getIso"];
        put?: never;
        post?: never;
        /** Delete an ISO that no VM has inserted */
        delete: operations["deleteIso"];
        options?: never;
        head?: never;
        /** Rename or describe an ISO */
        patch: operations["updateIso"];
        trace?: never;
    };
    "/api/v1/isos/{isoId}/data": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Upload a part of an ISO */
        put: operations["uploadIsoData"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tasks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List tasks, the newest first */
        get: operations["listTasks"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tasks/{taskId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show a task, or wait for it */
        get: operations["getTask"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tasks/{taskId}/actions/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Cancel a task; its steps are undone */
        post: operations["cancelTask"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List users */
        get: operations["listUsers"];
        put?: never;
        /** Create a user */
        post: operations["createUser"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users/{userId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Show a user */
        get: operations["getUser"];
        put?: never;
        post?: never;
        /** Delete a user with all sessions and tokens */
        delete: operations["deleteUser"];
        options?: never;
        head?: never;
        /** Change a user */
        patch: operations["updateUser"];
        trace?: never;
    };
    "/api/v1/users/{userId}/actions/reset-password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Give a user a one-time password */
        post: operations["resetPassword"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/roles": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List roles and their permissions */
        get: operations["listRoles"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List your sessions */
        get: operations["listSessions"];
        put?: never;
        /** Log in; sets the session cookie */
        post: operations["createSession"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sessions/current": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who am I, and what may I do? */
        get: operations["getCurrentSession"];
        put?: never;
        post?: never;
        /** Log out */
        delete: operations["deleteCurrentSession"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sessions/{sessionId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** End one of your sessions */
        delete: operations["deleteSession"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sessions/current/actions/change-password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Change your password; ends your other sessions */
        post: operations["changePassword"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/api-tokens": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List your API tokens */
        get: operations["listApiTokens"];
        put?: never;
        /** Create an API token */
        post: operations["createApiToken"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/api-tokens/{tokenId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Revoke an API token */
        delete: operations["deleteApiToken"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Watch what changes, as server-sent events */
        get: operations["streamEvents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** This document */
        get: operations["getOpenApi"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/healthz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The process lives */
        get: operations["getHealth"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Quorum, database and storage answer */
        get: operations["getReadiness"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        Accelerator: {
            /**
             * @description Hardware virtualisation or software emulation.
             * @enum {string}
             */
            kind: "kvm" | "tcg";
            /**
             * @description Verdict of the self-test.
             * @enum {string}
             */
            kvm: "usable" | "degraded" | "unusable" | "absent";
            /** @description A sentence: what the self-test found. */
            reason: string;
        };
        Actor: {
            /** @enum {string} */
            kind: "user" | "apiToken" | "system";
            id: string | null;
            name: string;
        };
        ApiToken: {
            /** Format: uuid */
            id: string;
            /** Format: date-time */
            createdAt: string;
            /** Format: date-time */
            updatedAt: string;
            revision: number;
            name: string;
            /** Format: uuid */
            userId: string;
            /** @description Null: all that the user may do. */
            scopes: components["schemas"]["Permission"][] | null;
            /** Format: date-time */
            expiresAt: string;
            lastUsedAt: string | null;
        };
        ApiTokenCreate: {
            /** Format: uuid */
            id?: string;
            name: string;
            /** @default null */
            scopes?: components["schemas"]["Permission"][] | null;
            /** @default 7776000 */
            expiresInSeconds?: number;
        };
        ApiTokenCreated: {
            apiToken: components["schemas"]["ApiToken"];
            /** @description Shown only now. */
            secret: string;
        };
        ApiTokenList: {
            items: components["schemas"]["ApiToken"][];
            /** @description Null on the last page. */
            nextCursor: string | null;
            totalEstimate: number;
            /** @description The list is at least as new as this; events go on from it. */
            revision: number;
        };
        Blocker: {
            code: components["schemas"]["ProblemCode"];
            message: string;
            resource: components["schemas"]["ResourceRef"] | null;
        };
        BuildDemo: {
            /** Format: uuid */
            id?: string;
            /**
             * @default tiny
             * @enum {string}
             */
            flavour?: "tiny" | "debian";
            /** @description Default `demo-tiny` or `demo-debian`. */
            name?: string;
        };
        CloudInit: {
            /** @constant */
            kind: "form";
            hostname: string | null;
            userName: string | null;
            sshAuthorizedKeys: string[];
            hasPassword: boolean;
        } | {
            /** @constant */
            kind: "text";
            userData: string;
            networkConfig: string | null;
        };
        CloudInitInput: {
            /** @constant */
            kind: "form";
            hostname?: string;
            userName?: string;
            /** @default [] */
            sshAuthorizedKeys?: string[];
            password?: string;
        } | {
            /** @constant */
            kind: "text";
            /** @description Starts with `#cloud-config` or `#!`. */
            userData: string;
            /** @default null */
            networkConfig?: string | null;
        };
        Cluster: {
            /** Format: uuid */
            id: string;
            /** Format: date-time */
            createdAt: string;
            /** Format: date-time */
            updatedAt: string;
            revision: number;
            name: string;
            version: string;
            nodesTotal: number;
            nodesOnline: number;
            quorum: boolean;
            failureBudget: components["schemas"]["FailureBudget"];
            capacity: {
                rawBytes: number;
                usableBytes: number;
                usedBytes: number;
                /** @description Sum of the sizes of all volumes. */
                committedBytes: number;
                /** @description Null while there is no trend. */
                runwayDays: number | null;
            };
            compute: {
                threadsTotal: number;
                /** @description vCPUs of the VMs that should run. */
                vcpusCommitted: number;
                cpuUsedRatio: number | null;
                memoryTotalBytes: number;
                memoryUsedBytes: number | null;
                /** @description Memory of the VMs that should run. */
                memoryCommittedBytes: number;
            };
            vmsTotal: number;
            vmsRunning: number;
            status: {
                /** @enum {string} */
                state: "healthy" | "degraded" | "critical";
                /** @description A sentence for people. */
                summary: string;
                conditions: components["schemas"]["Condition"][];
            };
        };
        ClusterPatch: {
            name?: string;
        };
        Condition: {
            /** @description Stable, for example `StorageReachable`. */
            type: string;
            /** @enum {string} */
            status: "true" | "false" | "unknown";
            /** @description Stable, one word. */
            reason: string;
            /** @description A sentence for people. */
            message: string;
            /** Format: date-time */
            since: string;
        };
        ConsoleTicket: {
            /** @enum {string} */
            kind: "vnc" | "serial";
            ticket: string;
            /** @description Path and query to open a WebSocket at. */
            path: string;
            /** Format: date-time */
            expiresAt: string;
        };
        ConsoleTicketCreate: {
            /** @enum {string} */
            kind: "vnc" | "serial";
        };
        CurrentSession: {
            /** @description Null if an API token asks. */
            session: components["schemas"]["Session"] | null;
            user: components["schemas"]["User"];
            permissions: components["schemas"]["Permission"][];
            /** @description Null if an API token asks. */
            csrfToken: string | null;
            mustChangePassword: boolean;
        };
        DeleteEvent: {
            /** @constant */
            event: "delete";
            topic: components["schemas"]["EventTopic"];
            id: string;
            revision: number;
            /** Format: date-time */
            at: string;
        };
        DiskSource: {
            /** @constant */
            kind: "blank";
            sizeBytes: number;
        } | {
            /** @constant */
            kind: "image";
            /** Format: uuid */
            imageId: string;
            /** @description At least the image's virtual size, which is the default. */
            sizeBytes?: number;
        } | {
            /** @constant */
            kind: "volume";
            /**
             * Format: uuid
             * @description An existing volume that no VM uses.
             */
            volumeId: string;
        };
        Drive: {
            /** Format: uuid */
            id: string;
            /** @description Null for a drive that came with data from elsewhere. */
            createdAt: string | null;
            /** Format: date-time */
            updatedAt: string;
            revision: number;
            /** Format: uuid */
            nodeId: string;
            path: string;
            /** @enum {string} */
            medium: "file" | "block";
            /** @enum {string} */
            tier: "nvme" | "ssd" | "hdd" | "unknown";
            model: string | null;
            serial: string | null;
            sizeBytes: number;
            status: {
                /** @enum {string} */
                state: "in" | "evacuating" | "out" | "failed" | "missing";
                /** @enum {string} */
                health: "good" | "warning" | "bad" | "unknown";
                usedBytes: number | null;
                freeBytes: number | null;
                volumes: number;
                temperatureCelsius: number | null;
                wearRatio: number | null;
                conditions: components["schemas"]["Condition"][];
            };
        };
        DriveAdd: {
            /**
             * Format: uuid
             * @description The node that answers, if it is left out.
             */
            nodeId?: string;
            path: string;
            /** @description Make a file of this size at the path, which must not exist. */
            createBytes?: number;
            /**
             * @description Overwrite what is on the device.
             * @default false
             */
            force?: boolean;
        };
        DriveCandidate: {
            /** Format: uuid */
            nodeId: string;
            path: string;
            /** @enum {string} */
            medium: "file" | "block";
            /** @enum {string} */
            tier: "nvme" | "ssd" | "hdd" | "unknown";
            model: string | null;
            serial: string | null;
            sizeBytes: number;
            /** @description It can be added as it is. */
            usable: boolean;
            /** @description Why not, for example that it holds a file system. */
            reason: string | null;
        };
        DriveCandidateList: {
            items: components["schemas"]["DriveCandidate"][];
            /** @description Null on the last page. */
            nextCursor: string | null;
            totalEstimate: number;
            /** @description The list is at least as new as this; events go on from it. */
            revision: number;
        };
        DriveList: {
            items: components["schemas"]["Drive"][];
            /** @description Null on the last page. */
            nextCursor: string | null;
            totalEstimate: number;
            /** @description The list is at least as new as this; events go on from it. */
            revision: number;
        };
        Event: components["schemas"]["UpsertEvent"] | components["schemas"]["DeleteEvent"] | components["schemas"]["TaskProgressEvent"] | components["schemas"]["MetricsEvent"] | components["schemas"]["ResyncEvent"];
        /** @enum {string} */
        EventTopic: "cluster" | "nodes" | "drives" | "vms" | "volumes" | "images" | "isos" | "tasks" | "metrics";
        FailureBudget: {
            /** @description So many nodes may fail now without loss of data or service. */
            nodes: number;
            drives: number;
            /** @description A sentence: what bounds the budget. */
            limitingFactor: string;
        };
        FieldError: {
            /** @description Dotted path into the request body or query, empty for the whole. */
            path: string;
            /** @enum {string} */
            code: "unknownField" | "required" | "invalidType" | "invalidFormat" | "invalidValue" | "tooSmall" | "tooBig" | "notMultipleOf";
            message: string;
        };
        Health: {
            /** @constant */
            status: "ok";
        };
        Image: {
            /** Format: uuid */
            id: string;
            /** Format: date-time */
            createdAt: string;
            /** Format: date-time */
            updatedAt: string;
            revision: number;
            name: string;
            description: string;
            tags: string[];
            source: components["schemas"]["MediaSource"];
            /** @description Null while a download has not said it. */
            fileSizeBytes: number | null;
            /** @description `sha256:…` of the file, as demanded or as computed. */
            checksum: string | null;
            status: {
                state: components["schemas"]["MediaState"];
                /** @description Null unless the state is `awaitingUpload`. */
                upload: components["schemas"]["UploadState"] | null;
                volumeId: string | null;
                /** @description The node that takes the upload. */
                nodeId: string | null;
                /** @description The task that imports, downloads or builds it. */
                taskId: string | null;
                error: components["schemas"]["TaskError"] | null;
                usedByVms: number;
                conditions: components["schemas"]["Condition"][];
                /** @description What the file was found to be. */
                format: ("raw" | "qcow2" | "vmdk" | "vhdx") | null;
                /** @description Size of the disk inside. */
                virtualSizeBytes: number | null;
            };
        };
        ImageCreate: {
            /** Format: uuid */
            id?: string;
            name: string;
            /** @default  */
            description?: string;
            /** @default [] */
            tags?: string[];
            /** @description Exact size of the file that will be uploaded. */
            sizeBytes: number;
            /** @description Refuse the file unless it has this checksum. */
            checksum?: string;
        };
        ImageImportUrl: {
            /** Format: uuid */
            id?: string;
            name: string;
            /** @default  */
            description?: string;
            /** @default [] */
            tags?: string[];
            /** Format: uri */
            url: string;
            /** @description Refuse the file unless it has this checksum. */
            checksum?: string;
        };
        ImageList: {
            items: components["schemas"]["Image"][];
            /** @description Null on the last page. */
            nextCursor: string | null;
            totalEstimate: number;
            /** @description The list is at least as new as this; events go on from it. */
            revision: number;
        };
        Iso: {
            /** Format: uuid */
            id: string;
            /** Format: date-time */
            createdAt: string;
            /** Format: date-time */
            updatedAt: string;
            revision: number;
            name: string;
            description: string;
            tags: string[];
            source: components["schemas"]["MediaSource"];
            /** @description Null while a download has not said it. */
            fileSizeBytes: number | null;
            /** @description `sha256:…` of the file, as demanded or as computed. */
            checksum: string | null;
            status: {
                state: components["schemas"]["MediaState"];
                /** @description Null unless the state is `awaitingUpload`. */
                upload: components["schemas"]["UploadState"] | null;
                volumeId: string | null;
                /** @description The node that takes the upload. */
                nodeId: string | null;
                /** @description The task that imports, downloads or builds it. */
                taskId: string | null;
                error: components["schemas"]["TaskError"] | null;
                usedByVms: number;
                conditions: components["schemas"]["Condition"][];
            };
        };
        IsoCreate: {
            /** Format: uuid */
            id?: string;
            name: string;
            /** @default  */
            description?: string;
            /** @default [] */
            tags?: string[];
            /** @description Exact size of the file that will be uploaded. */
            sizeBytes: number;
            /** @description Refuse the file unless it has this checksum. */
            checksum?: string;
        };
        IsoImportUrl: {
            /** Format: uuid */
            id?: string;
            name: string;
            /** @default  */
            description?: string;
            /** @default [] */
            tags?: string[];
            /** Format: uri */
            url: string;
            /** @description Refuse the file unless it has this checksum. */
            checksum?: string;
        };
        IsoList: {
            items: components["schemas"]["Iso"][];
            /** @description Null on the last page. */
            nextCursor: string | null;
            totalEstimate: number;
            /** @description The list is at least as new as this; events go on from it. */
            revision: number;
        };
        MediaInsert: {
            /** Format: uuid */
            isoId: string;
        };
        MediaPatch: {
            name?: string;
            description?: string;
            tags?: string[];
        };
        MediaSource: {
            /** @constant */
            kind: "upload";
        } | {
            /** @constant */
            kind: "url";
            url: string;
        } | {
            /** @constant */
            kind: "demo";
        };
        /** @enum {string} */
        MediaState: "awaitingUpload" | "downloading" | "building" | "importing" | "ready" | "failed" | "deleting";
        MetricsEvent: {
            /** @constant */
            event: "metrics";
            /** @constant */
            topic: "metrics";
            /**
             * Format: uuid
             * @description Of the VM.
             */
            id: string;
            revision: number;
            /** Format: date-time */
            at: string;
            sample: components["schemas"]["VmSample"];
        };
        NicNetwork: {
            /**
             * @description Outgoing connections only, through the node; needs no set-up.
             * @constant
             */
            kind: "user";
        } | {
            /** @constant */
            kind: "bridge";
            bridge: string;
        };
        Node: {
            /** Format: uuid */
            id: string;
            /** Format: date-time */
            createdAt: string;
            /** Format: date-time */
            updatedAt: string;
            revision: number;
            name: string;
            address: string;
            version: string;
            schedulable: boolean;
            cpu: {
                model: string;
                coresTotal: number;
                threadsTotal: number;
            };
            memoryTotalBytes: number;
            status: {
                /** @enum {string} */
                state: "online" | "offline" | "maintenance" | "joining" | "draining" | "failed";
                conditions: components["schemas"]["Condition"][];
                accelerator: components["schemas"]["Accelerator"];
                /** @description Without privileges there are no bridges and no users per VM. */
                privileged: boolean;
                kernelVersion: string;
                qemuVersion: string | null;
                /** @description The node has UEFI firmware for guests. */
                uefi: boolean;
                /** @description Bridges that a network card may join. */
                bridges: string[];
                uptimeSeconds: number | null;
                cpuUsedRatio: number | null;
                memoryUsedBytes: number | null;
                vmsRunning: number;
            };
        };
        NodeList: {
            items: components["schemas"]["Node"][];
            /** @description Null on the last page. */
            nextCursor: string | null;
            totalEstimate: number;
            /** @description The list is at least as new as this; events go on from it. */
            revision: number;
        };
        PasswordChange: {
            currentPassword: string;
            newPassword: string;
        };
        PasswordReset: {
            oneTimePassword: string;
        };
        /** @enum {string} */
        Permission: "cluster:read" | "cluster:update" | "nodes:read" | "nodes:update" | "drives:read" | "drives:add" | "drives:remove" | "vms:read" | "vms:create" | "vms:update" | "vms:delete" | "vms:power" | "vms:console" | "volumes:read" | "volumes:create" | "volumes:update" | "volumes:delete" | "images:read" | "images:create" | "images:update" | "images:delete" | "isos:read" | "isos:create" | "isos:update" | "isos:delete" | "tasks:read" | "tasks:cancel" | "events:read" | "metrics:read" | "users:read" | "users:create" | "users:update" | "users:delete" | "audit:read";
        Plan: {
            /** @constant */
            dryRun: true;
            steps: {
                name: string;
                description: string;
            }[];
            effects: {
                /** @enum {string} */
                kind: "create" | "update" | "delete" | "start" | "stop" | "restart" | "pause" | "resume";
                resource: components["schemas"]["ResourceRef"];
                before: string | null;
                after: string | null;
            }[];
            warnings: string[];
            /** @description The write would be refused while there are any. */
            blockers: components["schemas"]["Blocker"][];
            estimate: {
                bytes: number | null;
                seconds: number | null;
            };
        };
        Problem: {
            /** @description `urn:cairn:problem:` and the code. */
            type: string;
            title: string;
            status: number;
            detail: string;
            code: components["schemas"]["ProblemCode"];
            requestId: string;
            errors: components["schemas"]["FieldError"][];
            blockers: components["schemas"]["Blocker"][];
        };
        /** @enum {string} */
        ProblemCode: "request.malformed" | "request.invalid" | "request.notFound" | "request.methodNotAllowed" | "request.preconditionFailed" | "request.tooLarge" | "request.unsupportedMediaType" | "request.idempotencyMismatch" | "rate.limited" | "auth.required" | "auth.invalidCredentials" | "auth.passwordChangeRequired" | "auth.csrf" | "auth.ticketInvalid" | "auth.forbidden" | "internal.error" | "service.unavailable" | "cluster.noQuorum" | "storage.unavailable" | "storage.full" | "storage.noDrive" | "placement.noFit" | "node.notFound" | "drive.notFound" | "drive.inUse" | "drive.alreadyAdded" | "drive.unusable" | "vm.notFound" | "vm.exists" | "vm.nameTaken" | "vm.wrongState" | "vm.busy" | "vm.deletionProtected" | "vm.startFailed" | "vm.guestTimeout" | "vm.unsupported" | "disk.notFound" | "disk.wrongKind" | "nic.notFound" | "volume.notFound" | "volume.exists" | "volume.inUse" | "volume.cannotShrink" | "image.notFound" | "image.exists" | "image.wrongState" | "image.inUse" | "iso.notFound" | "iso.exists" | "iso.wrongState" | "iso.inUse" | "media.unsupportedFormat" | "media.externalReference" | "media.corrupt" | "media.checksumMismatch" | "media.downloadFailed" | "media.urlRefused" | "upload.offsetMismatch" | "upload.rangeInvalid" | "task.notFound" | "task.notCancellable" | "task.cancelled" | "task.ownerLost" | "task.timedOut" | "user.notFound" | "user.exists" | "user.nameTaken" | "user.lastAdministrator" | "user.passwordReused" | "session.notFound" | "apiToken.notFound";
        Readiness: {
            /** @enum {string} */
            status: "ready" | "notReady";
            checks: {
                name: string;
                ok: boolean;
                message: string;
            }[];
        };
        ResourceRef: {
            /** @enum {string} */
            kind: "cluster" | "node" | "drive" | "vm" | "volume" | "image" | "iso" | "task" | "user" | "session" | "apiToken";
            id: string;
            name: string | null;
        };
        ResyncEvent: {
            /** @constant */
            event: "resync";
            revision: number;
            /** Format: date-time */
            at: string;
            /** @enum {string} */
            reason: "gap" | "slowReader" | "restart";
        };
        Role: {
            name: components["schemas"]["RoleName"];
            title: string;
            description: string;
            permissions: components["schemas"]["Permission"][];
        };
        RoleList: {
            items: components["schemas"]["Role"][];
            /** @description Null on the last page. */
            nextCursor: string | null;
            totalEstimate: number;
            /** @description The list is at least as new as this; events go on from it. */
            revision: number;
        };
        /** @enum {string} */
        RoleName: "administrator" | "operator" | "vmAdministrator" | "vmUser" | "backupOperator" | "viewer" | "auditor";
        Session: {
            /** Format: uuid */
            id: string;
            /** Format: uuid */
            userId: string;
            /** @description It is the one that asks. */
            current: boolean;
            /** Format: date-time */
            createdAt: string;
            /** Format: date-time */
            lastSeenAt: string;
            /** Format: date-time */
            expiresAt: string;
            address: string;
            /** @description The user agent. */
            client: string;
        };
        SessionCreate: {
            userName: string;
            password: string;
        };
        SessionList: {
            items: components["schemas"]["Session"][];
            /** @description Null on the last page. */
            nextCursor: string | null;
            totalEstimate: number;
            /** @description The list is at least as new as this; events go on from it. */
            revision: number;
        };
        Task: {
            /** Format: uuid */
            id: string;
            /** Format: date-time */
            createdAt: string;
            /** Format: date-time */
            updatedAt: string;
            revision: number;
            kind: components["schemas"]["TaskKind"];
            state: components["schemas"]["TaskState"];
            progress: components["schemas"]["TaskProgress"];
            steps: components["schemas"]["TaskStep"][];
            /** @description What the task works on or has made. */
            resource: components["schemas"]["ResourceRef"] | null;
            parentId: string | null;
            actor: components["schemas"]["Actor"];
            /** @description The node that runs it. */
            nodeId: string | null;
            error: components["schemas"]["TaskError"] | null;
            cancellable: boolean;
            startedAt: string | null;
            finishedAt: string | null;
        };
        TaskError: {
            code: components["schemas"]["ProblemCode"];
            message: string;
        };
        /** @enum {string} */
        TaskKind: "vm.create" | "vm.delete" | "vm.start" | "vm.shutdown" | "vm.stop" | "vm.reboot" | "vm.reset" | "vm.pause" | "vm.resume" | "vm.diskAdd" | "vm.diskResize" | "vm.diskRemove" | "vm.mediaInsert" | "vm.mediaEject" | "vm.nicAdd" | "vm.nicRemove" | "drive.add" | "drive.remove" | "image.import" | "image.download" | "image.buildDemo" | "image.delete" | "iso.import" | "iso.download" | "iso.delete";
        TaskList: {
            items: components["schemas"]["Task"][];
            /** @description Null on the last page. */
            nextCursor: string | null;
            totalEstimate: number;
            /** @description The list is at least as new as this; events go on from it. */
            revision: number;
        };
        TaskProgress: {
            /** @description Null while it cannot be known. */
            percent: number | null;
            bytesDone: number | null;
            bytesTotal: number | null;
            etaSeconds: number | null;
        };
        TaskProgressEvent: {
            /** @constant */
            event: "taskProgress";
            /** @constant */
            topic: "tasks";
            /** Format: uuid */
            id: string;
            revision: number;
            /** Format: date-time */
            at: string;
            state: components["schemas"]["TaskState"];
            progress: components["schemas"]["TaskProgress"];
            steps: components["schemas"]["TaskStep"][];
        };
        /** @enum {string} */
        TaskState: "queued" | "running" | "succeeded" | "failed" | "cancelled";
        TaskStep: {
            name: string;
            /** @enum {string} */
            state: "pending" | "running" | "succeeded" | "failed" | "undone" | "skipped";
            message: string | null;
            startedAt: string | null;
            finishedAt: string | null;
        };
        UploadState: {
            receivedBytes: number;
            sizeBytes: number;
        };
        UpsertEvent: {
            /** @constant */
            event: "upsert";
            /** @constant */
            topic: "cluster";
            id: string;
            revision: number;
            /** Format: date-time */
            at: string;
            resource: components["schemas"]["Cluster"];
        } | {
            /** @constant */
            event: "upsert";
            /** @constant */
            topic: "nodes";
            id: string;
            revision: number;
            /** Format: date-time */
            at: string;
            resource: components["schemas"]["Node"];
        } | {
            /** @constant */
            event: "upsert";
            /** @constant */
            topic: "drives";
            id: string;
            revision: number;
            /** Format: date-time */
            at: string;
            resource: components["schemas"]["Drive"];
        } | {
            /** @constant */
            event: "upsert";
            /** @constant */
            topic: "vms";
            id: string;
            revision: number;
            /** Format: date-time */
            at: string;
            resource: components["schemas"]["Vm"];
        } | {
            /** @constant */
            event: "upsert";
            /** @constant */
            topic: "volumes";
            id: string;
            revision: number;
            /** Format: date-time */
            at: string;
            resource: components["schemas"]["Volume"];
        } | {
            /** @constant */
            event: "upsert";
            /** @constant */
            topic: "images";
            id: string;
            revision: number;
            /** Format: date-time */
            at: string;
            resource: components["schemas"]["Image"];
        } | {
            /** @constant */
            event: "upsert";
            /** @constant */
            topic: "isos";
            id: string;
            revision: number;
            /** Format: date-time */
            at: string;
            resource: components["schemas"]["Iso"];
        } | {
            /** @constant */
            event: "upsert";
            /** @constant */
            topic: "tasks";
            id: string;
            revision: number;
            /** Format: date-time */
            at: string;
            resource: components["schemas"]["Task"];
        };
        User: {
            /** Format: uuid */
            id: string;
            /** Format: date-time */
            createdAt: string;
            /** Format: date-time */
            updatedAt: string;
            revision: number;
            name: string;
            displayName: string;
            role: components["schemas"]["RoleName"];
            disabled: boolean;
            mustChangePassword: boolean;
            lastLoginAt: string | null;
        };
        UserCreate: {
            /** Format: uuid */
            id?: string;
            name: string;
            /** @default  */
            displayName?: string;
            role: components["schemas"]["RoleName"];
            /** @description Without one, a one-time password is made and answered once. */
            password?: string;
        };
        UserCreated: {
            user: components["schemas"]["User"];
            /** @description Shown only now; must be changed at log-in. */
            oneTimePassword: string | null;
        };
        UserList: {
            items: components["schemas"]["User"][];
            /** @description Null on the last page. */
            nextCursor: string | null;
            totalEstimate: number;
            /** @description The list is at least as new as this; events go on from it. */
            revision: number;
        };
        UserPatch: {
            displayName?: string;
            role?: components["schemas"]["RoleName"];
            /** @description Ends all sessions and stops all tokens of the user. */
            disabled?: boolean;
        };
        Vm: {
            /** Format: uuid */
            id: string;
            /** Format: date-time */
            createdAt: string;
            /** Format: date-time */
            updatedAt: string;
            revision: number;
            name: string;
            description: string;
            tags: string[];
            /** @enum {string} */
            desiredPowerState: "running" | "paused" | "stopped";
            vcpus: number;
            memoryBytes: number;
            /** @enum {string} */
            firmware: "bios" | "uefi";
            machineType: string;
            /** @description Null is the cluster's baseline. */
            cpuModel: string | null;
            bootOrder: ("disk" | "cdrom" | "network")[];
            cloudInit: components["schemas"]["CloudInit"] | null;
            deletionProtection: boolean;
            disks: components["schemas"]["VmDisk"][];
            nics: components["schemas"]["VmNic"][];
            status: components["schemas"]["VmStatus"];
        };
        VmCreate: {
            /** Format: uuid */
            id?: string;
            name: string;
            /** @default  */
            description?: string;
            /** @default [] */
            tags?: string[];
            vcpus: number;
            memoryBytes: number;
            /**
             * @default bios
             * @enum {string}
             */
            firmware?: "bios" | "uefi";
            /** @default q35 */
            machineType?: string;
            /** @default null */
            cpuModel?: string | null;
            /**
             * @default [
             *       "disk",
             *       "cdrom",
             *       "network"
             *     ]
             */
            bootOrder?: ("disk" | "cdrom" | "network")[];
            /** @default null */
            cloudInit?: components["schemas"]["CloudInitInput"] | null;
            /** @default false */
            deletionProtection?: boolean;
            /** @default [] */
            disks?: components["schemas"]["VmDiskCreate"][];
            /** @default [] */
            nics?: components["schemas"]["VmNicCreate"][];
            /**
             * @description Start the VM when it is made.
             * @default false
             */
            start?: boolean;
        };
        VmDisk: {
            /** Format: uuid */
            id: string;
            /** @enum {string} */
            kind: "disk" | "cdrom";
            /** @enum {string} */
            bus: "virtio-blk" | "virtio-scsi" | "sata" | "ide";
            /** @description The order in which the guest sees its disks. */
            slot: number;
            /** @description What the guest reads as serial number. */
            serial: string;
            /** @description Null for an empty optical drive. */
            sizeBytes: number | null;
            volumeId: string | null;
            isoId: string | null;
            readOnly: boolean;
            /** @description Reads and writes a second; null is without limit. */
            iopsLimit: number | null;
            bytesPerSecondLimit: number | null;
        };
        VmDiskCreate: {
            /** @constant */
            kind: "disk";
            /** Format: uuid */
            id?: string;
            /**
             * @default virtio-blk
             * @enum {string}
             */
            bus?: "virtio-blk" | "virtio-scsi" | "sata" | "ide";
            source: components["schemas"]["DiskSource"];
            /** @default false */
            readOnly?: boolean;
            /** @default null */
            iopsLimit?: number | null;
            /** @default null */
            bytesPerSecondLimit?: number | null;
        } | {
            /** @constant */
            kind: "cdrom";
            /** Format: uuid */
            id?: string;
            /**
             * @default sata
             * @enum {string}
             */
            bus?: "sata" | "ide" | "virtio-scsi";
            /**
             * @description Null is an empty drive.
             * @default null
             */
            isoId?: string | null;
        };
        VmDiskPatch: {
            /**
             * @description Only while the VM is stopped.
             * @enum {string}
             */
            bus?: "virtio-blk" | "virtio-scsi" | "sata" | "ide";
            /** @description Only while the VM is stopped. */
            readOnly?: boolean;
            iopsLimit?: number | null;
            bytesPerSecondLimit?: number | null;
        };
        VmDiskResize: {
            /** @description Larger than the present size. */
            sizeBytes: number;
        };
        VmList: {
            items: components["schemas"]["Vm"][];
            /** @description Null on the last page. */
            nextCursor: string | null;
            totalEstimate: number;
            /** @description The list is at least as new as this; events go on from it. */
            revision: number;
        };
        VmMetrics: {
            /** Format: uuid */
            vmId: string;
            /** @enum {string} */
            range: "10m" | "1h" | "6h" | "24h" | "7d";
            stepSeconds: number;
            /** Format: date-time */
            from: string;
            /** Format: date-time */
            to: string;
            /** @description Seconds since 1970, as long as every series. */
            timestamps: number[];
            series: {
                /** @description Null where nothing was measured. */
                cpuRatio: (number | null)[];
                /** @description Null where nothing was measured. */
                memoryUsedBytes: (number | null)[];
                /** @description Null where nothing was measured. */
                diskReadBytesPerSecond: (number | null)[];
                /** @description Null where nothing was measured. */
                diskWriteBytesPerSecond: (number | null)[];
                /** @description Null where nothing was measured. */
                diskReadOpsPerSecond: (number | null)[];
                /** @description Null where nothing was measured. */
                diskWriteOpsPerSecond: (number | null)[];
                /** @description Null where nothing was measured. */
                diskReadLatencySeconds: (number | null)[];
                /** @description Null where nothing was measured. */
                diskWriteLatencySeconds: (number | null)[];
                /** @description Null where nothing was measured. */
                networkReceiveBytesPerSecond: (number | null)[];
                /** @description Null where nothing was measured. */
                networkTransmitBytesPerSecond: (number | null)[];
            };
        };
        VmNic: {
            /** Format: uuid */
            id: string;
            slot: number;
            /** @enum {string} */
            model: "virtio-net" | "e1000" | "e1000e" | "rtl8139";
            mac: string;
            network: components["schemas"]["NicNetwork"];
            connected: boolean;
            /** @description As the guest agent reports them. */
            ips: string[];
        };
        VmNicCreate: {
            /** Format: uuid */
            id?: string;
            /**
             * @default virtio-net
             * @enum {string}
             */
            model?: "virtio-net" | "e1000" | "e1000e" | "rtl8139";
            /** @description Chosen by Cairn if it is left out. */
            mac?: string;
            /**
             * @default {
             *       "kind": "user"
             *     }
             */
            network?: components["schemas"]["NicNetwork"];
            /** @default true */
            connected?: boolean;
        };
        VmNicPatch: {
            /**
             * @description Only while the VM is stopped.
             * @enum {string}
             */
            model?: "virtio-net" | "e1000" | "e1000e" | "rtl8139";
            /** @description Only while the VM is stopped. */
            mac?: string;
            /** @description Only while the VM is stopped. */
            network?: components["schemas"]["NicNetwork"];
            /** @description The virtual cable, at any time. */
            connected?: boolean;
        };
        VmPatch: {
            name?: string;
            description?: string;
            tags?: string[];
            vcpus?: number;
            memoryBytes?: number;
            /** @enum {string} */
            firmware?: "bios" | "uefi";
            machineType?: string;
            cpuModel?: string | null;
            bootOrder?: ("disk" | "cdrom" | "network")[];
            cloudInit?: components["schemas"]["CloudInitInput"] | null;
            deletionProtection?: boolean;
        };
        VmSample: {
            cpuRatio: number | null;
            memoryUsedBytes: number | null;
            diskReadBytesPerSecond: number | null;
            diskWriteBytesPerSecond: number | null;
            diskReadOpsPerSecond: number | null;
            diskWriteOpsPerSecond: number | null;
            diskReadLatencySeconds: number | null;
            diskWriteLatencySeconds: number | null;
            networkReceiveBytesPerSecond: number | null;
            networkTransmitBytesPerSecond: number | null;
        };
        VmShutdown: {
            /** @default 120 */
            deadlineSeconds?: number;
            /**
             * @description Cut the power when the guest ignores it.
             * @default false
             */
            thenStop?: boolean;
        };
        /** @enum {string} */
        VmState: "provisioning" | "stopped" | "starting" | "running" | "paused" | "ioSuspended" | "stopping" | "crashed" | "migratingOut" | "migratingIn" | "deleting" | "failed" | "unknown";
        VmStatus: {
            state: components["schemas"]["VmState"];
            /** Format: date-time */
            since: string;
            nodeId: string | null;
            accelerator: ("kvm" | "tcg") | null;
            /** @description The versioned type that runs. */
            machineType: string | null;
            startedAt: string | null;
            /** @description The agent in the guest answers. */
            guestAgent: boolean;
            /** @description A change waits for the next power cycle. */
            restartPending: boolean;
            /** @description Of all vCPUs together, 0 to 1. */
            cpuRatio: number | null;
            memoryUsedBytes: number | null;
            lastError: string | null;
            conditions: components["schemas"]["Condition"][];
        };
        Volume: {
            /** Format: uuid */
            id: string;
            /** Format: date-time */
            createdAt: string;
            /** Format: date-time */
            updatedAt: string;
            revision: number;
            name: string;
            description: string;
            tags: string[];
            sizeBytes: number;
            replicas: number;
            /** @enum {string} */
            purpose: "disk" | "image" | "iso" | "firmware";
            status: {
                /** @enum {string} */
                state: "creating" | "available" | "attached" | "deleting" | "failed";
                /** @enum {string} */
                health: "healthy" | "degraded" | "rebuilding" | "offline" | "unknown";
                usedBytes: number | null;
                /** @description The node that writes it. */
                nodeId: string | null;
                /** @description The drive that holds it, while it has one copy. */
                driveId: string | null;
                /** @description The store's own number for it. */
                engineId: string | null;
                usedBy: components["schemas"]["ResourceRef"] | null;
                conditions: components["schemas"]["Condition"][];
            };
        };
        VolumeCreate: {
            /** Format: uuid */
            id?: string;
            name: string;
            /** @default  */
            description?: string;
            /** @default [] */
            tags?: string[];
            sizeBytes: number;
        };
        VolumeList: {
            items: components["schemas"]["Volume"][];
            /** @description Null on the last page. */
            nextCursor: string | null;
            totalEstimate: number;
            /** @description The list is at least as new as this; events go on from it. */
            revision: number;
        };
        VolumePatch: {
            name?: string;
            description?: string;
            tags?: string[];
        };
        VolumeResize: {
            /** @description Larger than the present size. */
            sizeBytes: number;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    getCluster: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The cluster. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Cluster"];
                };
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    updateCluster: {
        parameters: {
            query?: never;
            header?: {
                "If-Match"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/merge-patch+json": components["schemas"]["ClusterPatch"];
                "application/json": components["schemas"]["ClusterPatch"];
            };
        };
        responses: {
            /** @description The changed cluster. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Cluster"];
                };
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listNodes: {
        parameters: {
            query?: {
                /** @description Filter, for example `state:running tag:web -name:test`. */
                q?: string;
                /** @description Fields separated by commas; `-` before a field turns the order around. */
                sort?: string;
                /** @description Default 100. */
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
                /** @description Answer only these fields of each item (and `id`). */
                fields?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of nodes. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NodeList"];
                };
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getNode: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                nodeId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The node. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Node"];
                };
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listDrives: {
        parameters: {
            query?: {
                /** @description Filter, for example `state:running tag:web -name:test`. */
                q?: string;
                /** @description Fields separated by commas; `-` before a field turns the order around. */
                sort?: string;
                /** @description Default 100. */
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
                /** @description Answer only these fields of each item (and `id`). */
                fields?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of drives. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DriveList"];
                };
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    addDrive: {
        parameters: {
            query?: {
                /** @description Answer a plan and change nothing. */
                dryRun?: boolean;
            };
            header?: {
                "Idempotency-Key"?: string;
                Prefer?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DriveAdd"];
            };
        };
        responses: {
            /** @description The plan, when `dryRun` was asked for. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Plan"];
                };
            };
            /** @description It was made within the preferred wait. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Drive"];
                };
            };
            /** @description The task makes it; `resource` of the task has its id. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Task"];
                };
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listDriveCandidates: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The devices. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DriveCandidateList"];
                };
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getDrive: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                driveId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The drive. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Drive"];
                };
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    removeDrive: {
        parameters: {
            query?: {
                /** @description Answer a plan and change nothing. */
                dryRun?: boolean;
            };
            header?: {
                Prefer?: string;
            };
            path: {
                driveId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The task finished within the preferred wait. Or a plan. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Task"] | components["schemas"]["Plan"];
                };
            };
            /** @description The task works on it. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Task"];
                };
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listVms: {
        parameters: {
            query?: {
                /** @description Filter, for example `state:running tag:web -name:test`. */
                q?: string;
                /** @description Fields separated by commas; `-` before a field turns the order around. */
                sort?: string;
                /** @description Default 100. */
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
                /** @description Answer only these fields of each item (and `id`). */
                fields?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of VMs. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VmList"];
                };
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    createVm: {
        parameters: {
            query?: {
                /** @description Answer a plan and change nothing. */
                dryRun?: boolean;
            };
            header?: {
                "Idempotency-Key"?: string;
                Prefer?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["VmCreate"];
            };
        };
        responses: {
            /** @description The plan, when `dryRun` was asked for. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Plan"];
                };
            };
            /** @description It was made within the preferred wait. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Vm"];
                };
            };
            /** @description The task makes it; `resource` of the task has its id. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Task"];
                };
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getVm: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                vmId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The VM. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Vm"];
                };
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    deleteVm: {
        parameters: {
            query?: {
                /** @description `true` keeps the volumes for other use; by default they are deleted. */
                keepVolumes?: "true" | "false";
                /** @description Answer a plan and change nothing. */
                dryRun?: boolean;
            };
            header?: {
                Prefer?: string;
                "If-Match"?: string;
            };
            path: {
                vmId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The task finished within the preferred wait. Or a plan. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Task"] | components["schemas"]["Plan"];
                };
            };
            /** @description The task works on it. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Task"];
                };
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    updateVm: {
        parameters: {
            query?: {
                /** @description Answer a plan and change nothing. */
                dryRun?: boolean;
            };
            header?: {
                "If-Match"?: string;
            };
            path: {
                vmId: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/merge-patch+json": components["schemas"]["VmPatch"];
                "application/json": components["schemas"]["VmPatch"];
            };
        };
        responses: {
            /** @description The changed VM. Or a plan. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Vm"] | components["schemas"]["Plan"];
                };
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    startVm: {
        parameters: {
            query?: {
                /** @description Answer a plan and change nothing. */
                dryRun?: boolean;
            };
            header?: {
                "Idempotency-Key"?: string;
                Prefer?: string;
            };
            path: {
                vmId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The task finished within the preferred wait. Or a plan. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Task"] | components["schemas"]["Plan"];
                };
            };
            /** @description The task works on it. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Task"];
                };
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    shutdownVm: {
        parameters: {
            query?: {
                /** @description Answer a plan and change nothing. */
                dryRun?: boolean;
            };
            header?: {
                "Idempotency-Key"?: string;
                Prefer?: string;
            };
            path: {
                vmId: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["VmShutdown"];
            };
        };
        responses: {
            /** @description The task finished within the preferred wait. Or a plan. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Task"] | components["schemas"]["Plan"];
                };
            };
            /** @description The task works on it. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Task"];
                };
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    stopVm: {
        parameters: {
            query?: {
                /** @description Answer a plan and change nothing. */
                dryRun?: boolean;
            };
            header?: {
                "Idempotency-Key"?: string;
                Prefer?: string;
            };
            path: {
                vmId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The task finished within the preferred wait. Or a plan. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Task"] | components["schemas"]["Plan"];
                };
            };
            /** @description The task works on it. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Task"];
                };
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    rebootVm: {
        parameters: {
            query?: {
                /** @description Answer a plan and change nothing. */
                dryRun?: boolean;
            };
            header?: {
                "Idempotency-Key"?: string;
                Prefer?: string;
            };
            path: {
                vmId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The task finished within the preferred wait. Or a plan. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Task"] | components["schemas"]["Plan"];
                };
            };
            /** @description The task works on it. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Task"];
                };
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    resetVm: {
        parameters: {
            query?: {
                /** @description Answer a plan and change nothing. */
                dryRun?: boolean;
            };
            header?: {
                "Idempotency-Key"?: string;
                Prefer?: string;
            };
            path: {
                vmId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The task finished within the preferred wait. Or a plan. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Task"] | components["schemas"]["Plan"];
                };
            };
            /** @description The task works on it. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Task"];
                };
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    pauseVm: {
        parameters: {
            query?: {
                /** @description Answer a plan and change nothing. */
                dryRun?: boolean;
            };
            header?: {
                "Idempotency-Key"?: string;
                Prefer?: string;
            };
            path: {
                vmId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The task finished within the preferred wait. Or a plan. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Task"] | components["schemas"]["Plan"];
                };
            };
            /** @description The task works on it. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Task"];
                };
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    resumeVm: {
        parameters: {
            query?: {
                /** @description Answer a plan and change nothing. */
                dryRun?: boolean;
            };
            header?: {
                "Idempotency-Key"?: string;
                Prefer?: string;
            };
            path: {
                vmId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The task finished within the preferred wait. Or a plan. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Task"] | components["schemas"]["Plan"];
                };
            };
            /** @description The task works on it. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Task"];
                };
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    createConsoleTicket: {
        parameters: {
            query?: never;
            header?: {
                "Idempotency-Key"?: string;
            };
            path: {
                vmId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ConsoleTicketCreate"];
            };
        };
        responses: {
            /** @description The ticket, good for 30 seconds. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConsoleTicket"];
                };
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getVmMetrics: {
        parameters: {
            query?: {
                /** @description How far back from now. */
                range?: "10m" | "1h" | "6h" | "24h" | "7d";
            };
            header?: never;
            path: {
                vmId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The series. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VmMetrics"];
                };
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    addVmDisk: {
        parameters: {
            query?: {
                /** @description Answer a plan and change nothing. */
                dryRun?: boolean;
            };
            header?: {
                "Idempotency-Key"?: string;
                Prefer?: string;
            };
            path: {
                vmId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["VmDiskCreate"];
            };
        };
        responses: {
            /** @description The plan, when `dryRun` was asked for. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Plan"];
                };
            };
            /** @description It was made within the preferred wait. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VmDisk"];
                };
            };
            /** @description The task makes it; `resource` of the task has its id. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Task"];
                };
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    removeVmDisk: {
        parameters: {
            query?: {
                /** @description `true` keeps the volume for other use; by default it is deleted. */
                keepVolume?: "true" | "false";
                /** @description Answer a plan and change nothing. */
                dryRun?: boolean;
            };
            header?: {
                Prefer?: string;
            };
            path: {
                vmId: string;
                diskId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The task finished within the preferred wait. Or a plan. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Task"] | components["schemas"]["Plan"];
                };
            };
            /** @description The task works on it. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Task"];
                };
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    updateVmDisk: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                vmId: string;
                diskId: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/merge-patch+json": components["schemas"]["VmDiskPatch"];
                "application/json": components["schemas"]["VmDiskPatch"];
            };
        };
        responses: {
            /** @description The changed disk. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VmDisk"];
                };
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    resizeVmDisk: {
        parameters: {
            query?: {
                /** @description Answer a plan and change nothing. */
                dryRun?: boolean;
            };
            header?: {
                "Idempotency-Key"?: string;
                Prefer?: string;
            };
            path: {
                vmId: string;
                diskId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["VmDiskResize"];
            };
        };
        responses: {
            /** @description The task finished within the preferred wait. Or a plan. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Task"] | components["schemas"]["Plan"];
                };
            };
            /** @description The task works on it. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Task"];
                };
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    insertMedia: {
        parameters: {
            query?: never;
            header?: {
                "Idempotency-Key"?: string;
                Prefer?: string;
            };
            path: {
                vmId: string;
                diskId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["MediaInsert"];
            };
        };
        responses: {
            /** @description The task finished within the preferred wait. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Task"];
                };
            };
            /** @description The task works on it. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Task"];
                };
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    ejectMedia: {
        parameters: {
            query?: never;
            header?: {
                "Idempotency-Key"?: string;
                Prefer?: string;
            };
            path: {
                vmId: string;
                diskId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The task finished within the preferred wait. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Task"];
                };
            };
            /** @description The task works on it. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Task"];
                };
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    addVmNic: {
        parameters: {
            query?: never;
            header?: {
                "Idempotency-Key"?: string;
                Prefer?: string;
            };
            path: {
                vmId: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["VmNicCreate"];
            };
        };
        responses: {
            /** @description It was made within the preferred wait. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VmNic"];
                };
            };
            /** @description The task makes it; `resource` of the task has its id. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Task"];
                };
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    removeVmNic: {
        parameters: {
            query?: never;
            header?: {
                Prefer?: string;
            };
            path: {
                vmId: string;
                nicId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The task finished within the preferred wait. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Task"];
                };
            };
            /** @description The task works on it. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Task"];
                };
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    updateVmNic: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                vmId: string;
                nicId: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/merge-patch+json": components["schemas"]["VmNicPatch"];
                "application/json": components["schemas"]["VmNicPatch"];
            };
        };
        responses: {
            /** @description The changed network card. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VmNic"];
                };
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listVolumes: {
        parameters: {
            query?: {
                /** @description Filter, for example `state:running tag:web -name:test`. */
                q?: string;
                /** @description Fields separated by commas; `-` before a field turns the order around. */
                sort?: string;
                /** @description Default 100. */
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
                /** @description Answer only these fields of each item (and `id`). */
                fields?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of volumes. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VolumeList"];
                };
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    createVolume: {
        parameters: {
            query?: {
                /** @description Answer a plan and change nothing. */
                dryRun?: boolean;
            };
            header?: {
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["VolumeCreate"];
            };
        };
        responses: {
            /** @description The plan, when `dryRun` was asked for. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Plan"];
                };
            };
            /** @description The volume. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Volume"];
                };
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getVolume: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                volumeId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The volume. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Volume"];
                };
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    deleteVolume: {
        parameters: {
            query?: {
                /** @description Answer a plan and change nothing. */
                dryRun?: boolean;
            };
            header?: {
                "If-Match"?: string;
            };
            path: {
                volumeId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The plan, when `dryRun` was asked for. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Plan"];
                };
            };
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    updateVolume: {
        parameters: {
            query?: never;
            header?: {
                "If-Match"?: string;
            };
            path: {
                volumeId: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/merge-patch+json": components["schemas"]["VolumePatch"];
                "application/json": components["schemas"]["VolumePatch"];
            };
        };
        responses: {
            /** @description The changed volume. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Volume"];
                };
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    resizeVolume: {
        parameters: {
            query?: {
                /** @description Answer a plan and change nothing. */
                dryRun?: boolean;
            };
            header?: {
                "Idempotency-Key"?: string;
            };
            path: {
                volumeId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["VolumeResize"];
            };
        };
        responses: {
            /** @description The volume. Or a plan. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Volume"] | components["schemas"]["Plan"];
                };
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listImages: {
        parameters: {
            query?: {
                /** @description Filter, for example `state:running tag:web -name:test`. */
                q?: string;
                /** @description Fields separated by commas; `-` before a field turns the order around. */
                sort?: string;
                /** @description Default 100. */
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
                /** @description Answer only these fields of each item (and `id`). */
                fields?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of images. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ImageList"];
                };
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    createImage: {
        parameters: {
            query?: never;
            header?: {
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ImageCreate"];
            };
        };
        responses: {
            /** @description The image, awaiting its bytes. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Image"];
                };
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    importImageUrl: {
        parameters: {
            query?: never;
            header?: {
                "Idempotency-Key"?: string;
                Prefer?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ImageImportUrl"];
            };
        };
        responses: {
            /** @description It was made within the preferred wait. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Image"];
                };
            };
            /** @description The task makes it; `resource` of the task has its id. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Task"];
                };
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    buildDemoImage: {
        parameters: {
            query?: never;
            header?: {
                "Idempotency-Key"?: string;
                Prefer?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["BuildDemo"];
            };
        };
        responses: {
            /** @description It was made within the preferred wait. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Image"];
                };
            };
            /** @description The task makes it; `resource` of the task has its id. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Task"];
                };
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getImage: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                imageId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The image. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Image"];
                };
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    deleteImage: {
        parameters: {
            query?: {
                /** @description Answer a plan and change nothing. */
                dryRun?: boolean;
            };
            header?: {
                Prefer?: string;
                "If-Match"?: string;
            };
            path: {
                imageId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The task finished within the preferred wait. Or a plan. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Task"] | components["schemas"]["Plan"];
                };
            };
            /** @description The task works on it. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Task"];
                };
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    updateImage: {
        parameters: {
            query?: never;
            header?: {
                "If-Match"?: string;
            };
            path: {
                imageId: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/merge-patch+json": components["schemas"]["MediaPatch"];
                "application/json": components["schemas"]["MediaPatch"];
            };
        };
        responses: {
            /** @description The changed image. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Image"];
                };
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    uploadImageData: {
        parameters: {
            query?: never;
            header: {
                "Content-Range": string;
            };
            path: {
                imageId: string;
            };
            cookie?: never;
        };
        /** @description One part of the file, at most 64 MiB, with `Content-Range: bytes <start>-<end>/<size>`. A part must start at `receivedBytes`; otherwise the answer is 409 `upload.offsetMismatch` and the state says where to go on. */
        requestBody: {
            content: {
                "application/octet-stream": string;
            };
        };
        responses: {
            /** @description The part is stored; more must follow. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UploadState"];
                };
            };
            /** @description The file is complete; the task imports it. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Task"];
                };
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listIsos: {
        parameters: {
            query?: {
                /** @description Filter, for example `state:running tag:web -name:test`. */
                q?: string;
                /** @description Fields separated by commas; `-` before a field turns the order around. */
                sort?: string;
                /** @description Default 100. */
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
                /** @description Answer only these fields of each item (and `id`). */
                fields?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of ISOs. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["IsoList"];
                };
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    createIso: {
        parameters: {
            query?: never;
            header?: {
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["IsoCreate"];
            };
        };
        responses: {
            /** @description The ISO, awaiting its bytes. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Iso"];
                };
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    importIsoUrl: {
        parameters: {
            query?: never;
            header?: {
                "Idempotency-Key"?: string;
                Prefer?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["IsoImportUrl"];
            };
        };
        responses: {
            /** @description It was made within the preferred wait. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Iso"];
                };
            };
            /** @description The task makes it; `resource` of the task has its id. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Task"];
                };
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getIso: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                isoId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The ISO. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Iso"];
                };
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    deleteIso: {
        parameters: {
            query?: {
                /** @description Answer a plan and change nothing. */
                dryRun?: boolean;
            };
            header?: {
                Prefer?: string;
                "If-Match"?: string;
            };
            path: {
                isoId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The task finished within the preferred wait. Or a plan. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Task"] | components["schemas"]["Plan"];
                };
            };
            /** @description The task works on it. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Task"];
                };
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    updateIso: {
        parameters: {
            query?: never;
            header?: {
                "If-Match"?: string;
            };
            path: {
                isoId: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/merge-patch+json": components["schemas"]["MediaPatch"];
                "application/json": components["schemas"]["MediaPatch"];
            };
        };
        responses: {
            /** @description The changed ISO. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Iso"];
                };
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    uploadIsoData: {
        parameters: {
            query?: never;
            header: {
                "Content-Range": string;
            };
            path: {
                isoId: string;
            };
            cookie?: never;
        };
        /** @description One part of the file, at most 64 MiB, with `Content-Range: bytes <start>-<end>/<size>`. A part must start at `receivedBytes`; otherwise the answer is 409 `upload.offsetMismatch` and the state says where to go on. */
        requestBody: {
            content: {
                "application/octet-stream": string;
            };
        };
        responses: {
            /** @description The part is stored; more must follow. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UploadState"];
                };
            };
            /** @description The file is complete; the task imports it. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Task"];
                };
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listTasks: {
        parameters: {
            query?: {
                /** @description Filter, for example `state:running tag:web -name:test`. */
                q?: string;
                /** @description Fields separated by commas; `-` before a field turns the order around. */
                sort?: string;
                /** @description Default 100. */
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
                /** @description Answer only these fields of each item (and `id`). */
                fields?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of tasks. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TaskList"];
                };
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getTask: {
        parameters: {
            query?: {
                /** @description Answer when the task is finished or after so many seconds. */
                waitSeconds?: number;
            };
            header?: never;
            path: {
                taskId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The task. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Task"];
                };
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    cancelTask: {
        parameters: {
            query?: never;
            header?: {
                "Idempotency-Key"?: string;
            };
            path: {
                taskId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The task, which may still be undoing its steps. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Task"];
                };
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listUsers: {
        parameters: {
            query?: {
                /** @description Filter, for example `state:running tag:web -name:test`. */
                q?: string;
                /** @description Fields separated by commas; `-` before a field turns the order around. */
                sort?: string;
                /** @description Default 100. */
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
                /** @description Answer only these fields of each item (and `id`). */
                fields?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of users. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserList"];
                };
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    createUser: {
        parameters: {
            query?: never;
            header?: {
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UserCreate"];
            };
        };
        responses: {
            /** @description The user and perhaps a one-time password. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserCreated"];
                };
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getUser: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                userId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The user. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["User"];
                };
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    deleteUser: {
        parameters: {
            query?: never;
            header?: {
                "If-Match"?: string;
            };
            path: {
                userId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    updateUser: {
        parameters: {
            query?: never;
            header?: {
                "If-Match"?: string;
            };
            path: {
                userId: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/merge-patch+json": components["schemas"]["UserPatch"];
                "application/json": components["schemas"]["UserPatch"];
            };
        };
        responses: {
            /** @description The changed user. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["User"];
                };
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    resetPassword: {
        parameters: {
            query?: never;
            header?: {
                "Idempotency-Key"?: string;
            };
            path: {
                userId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The one-time password. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PasswordReset"];
                };
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listRoles: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The roles. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RoleList"];
                };
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listSessions: {
        parameters: {
            query?: {
                /** @description Filter, for example `state:running tag:web -name:test`. */
                q?: string;
                /** @description Fields separated by commas; `-` before a field turns the order around. */
                sort?: string;
                /** @description Default 100. */
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
                /** @description Answer only these fields of each item (and `id`). */
                fields?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of sessions. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionList"];
                };
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    createSession: {
        parameters: {
            query?: never;
            header?: {
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SessionCreate"];
            };
        };
        responses: {
            /** @description Logged in. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CurrentSession"];
                };
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getCurrentSession: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description User, permissions and CSRF token. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CurrentSession"];
                };
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    deleteCurrentSession: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    deleteSession: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                sessionId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    changePassword: {
        parameters: {
            query?: never;
            header?: {
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PasswordChange"];
            };
        };
        responses: {
            /** @description The session with a fresh CSRF token. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CurrentSession"];
                };
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listApiTokens: {
        parameters: {
            query?: {
                /** @description Filter, for example `state:running tag:web -name:test`. */
                q?: string;
                /** @description Fields separated by commas; `-` before a field turns the order around. */
                sort?: string;
                /** @description Default 100. */
                limit?: number;
                /** @description `nextCursor` of the page before. */
                cursor?: string;
                /** @description Answer only these fields of each item (and `id`). */
                fields?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of tokens. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiTokenList"];
                };
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    createApiToken: {
        parameters: {
            query?: never;
            header?: {
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ApiTokenCreate"];
            };
        };
        responses: {
            /** @description The token and its secret. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiTokenCreated"];
                };
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    deleteApiToken: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                tokenId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    streamEvents: {
        parameters: {
            query?: {
                /** @description Topics separated by commas; all but `metrics` by default. */
                topics?: string;
                /** @description Start after this revision; `Last-Event-ID` says the same. */
                since?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description An endless stream; the data of each event is an `Event`. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": string;
                };
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getOpenApi: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OpenAPI 3.1. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getHealth: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It does. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getReadiness: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description They do. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Readiness"];
                };
            };
            /** @description They do not. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Readiness"];
                };
            };
            /** @description The request was refused or failed. */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
}
