// Faults in the middle of a refresh of a materialized view, by each strategy. Those of tables are in test/thorough/.

import { describe } from 'vitest'
import { newestMajor } from '../../support/majors.ts'
import { ofViews } from './held-refresh.ts'
import { testFaults } from './refresh-faults.ts'

describe.each(newestMajor())('PostgreSQL $name', (pair) => testFaults(pair, ofViews))
