// Ends with the message of the built programs and with status 2 under a Node older than package.json's engines. npm checks
// this only while it installs. For `npm run build`, `npm test` and `npm run demo`; imports only what Node 18 has.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { nodeVersionCheck } from './node-version.mjs';

const { name, engines } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
new Function('require', '__filename', nodeVersionCheck(engines.node))(createRequire(import.meta.url), name);
