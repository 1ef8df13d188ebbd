// Faults in the middle of a refresh of a table, by each strategy.

import { describe } from 'vitest'
import { ofTables } from '../live/refresh/held-refresh.ts'
import { testFaults } from '../live/refresh/refresh-faults.ts'
import { newestMajor } from '../support/majors.ts'

describe.each(newestMajor())('PostgreSQL $name', (pair) => testFaults(pair, ofTables))
