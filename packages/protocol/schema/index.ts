import { common } from './common.ts'
import { connection } from './connection.ts'
import type { SchemaFile } from './definition.ts'
import { quorum } from './quorum.ts'
import { requests } from './requests.ts'
import { responses } from './responses.ts'
import { snapshot } from './snapshot.ts'
import { transactions } from './transactions.ts'

/** Every schema file; the generated files are named after them. */
export const schemaFiles: readonly SchemaFile[] = [common, connection, requests, responses, transactions, snapshot, quorum]
