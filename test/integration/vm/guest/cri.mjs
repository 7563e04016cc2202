// Runs a command in a container as a kubelet does, through the Container Runtime Interface (CRI) of a container engine, and
// prints what the command prints: cri.mjs SOCKET IMAGE CDI-DEVICE COMMAND... (an empty CDI-DEVICE requests none). The pod has the
// host's network, so that no network plugin is necessary. If the engine rejects the request, prints its message; exit status 1.
//
// gRPC is HTTP/2 with a prefix of 5 bytes for each message. The numbers of the fields are those of api.proto, runtime.v1, in
// k8s.io/cri-api.
import { connect as connectHttp } from 'node:http2';
import { connect } from 'node:net';

function varint(number) {
  const bytes = [];
  let rest = number;
  for (; rest > 127; rest >>>= 7) bytes.push((rest & 127) | 128);
  return Buffer.from([...bytes, rest]);
}

function field(number, value) {
  if (Array.isArray(value)) return Buffer.concat(value.map((one) => field(number, one)));
  if (typeof value === 'number') return Buffer.concat([varint(number << 3), varint(value)]);
  const bytes = Buffer.from(value);
  return Buffer.concat([varint((number << 3) | 2), varint(bytes.length), bytes]);
}

const message = (fields) =>
  Buffer.concat(Object.entries(fields).map(([number, value]) => field(Number(number), value)));

/** The fields of a message by number: a number, or the bytes of a string or of another message. */
function decode(bytes) {
  const fields = {};
  let at = 0;
  const next = () => {
    let number = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      number += (byte & 127) * 2 ** shift;
      if (byte < 128) return number;
    }
  };
  while (at < bytes.length) {
    const key = next();
    if ((key & 7) === 0) fields[key >> 3] = next();
    else {
      const length = next();
      fields[key >> 3] = bytes.subarray(at, at + length);
      at += length;
    }
  }
  return fields;
}

function call(session, method, request) {
  return new Promise((resolve, reject) => {
    const stream = session.request({
      ':method': 'POST',
      ':path': `/runtime.v1.RuntimeService/${method}`,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    const chunks = [];
    const check = (headers) => {
      const status = headers['grpc-status'];
      if (status === undefined || status === '0') return;
      reject(new Error(`${method}: ${decodeURIComponent(headers['grpc-message'] ?? `status ${status}`)}`));
    };
    stream.on('response', check);
    stream.on('trailers', check);
    stream.on('data', (chunk) => chunks.push(chunk));
    stream.on('error', reject);
    stream.on('end', () => resolve(decode(Buffer.concat(chunks).subarray(5))));
    const prefix = Buffer.alloc(5);
    prefix.writeUInt32BE(request.length, 1);
    stream.end(Buffer.concat([prefix, request]));
  });
}

const [socket, image, device, ...command] = process.argv.slice(2);
const session = connectHttp('http://localhost', { createConnection: () => connect(socket) });
const hostNetwork = message({ 1: 2 });
const sandbox = message({
  1: message({ 1: `pod-${process.pid}`, 2: `uid-${process.pid}`, 3: 'lab' }),
  8: message({ 2: message({ 1: hostNetwork }) }),
});
const container = message({
  1: message({ 1: 'container' }),
  2: message({ 1: image }),
  3: ['sleep', '1000'],
  15: message({ 2: message({ 3: hostNetwork }) }),
  17: device === '' ? [] : [message({ 1: device })],
});

let pod;
try {
  ({ 1: pod } = await call(session, 'RunPodSandbox', message({ 1: sandbox })));
  const { 1: id } = await call(session, 'CreateContainer', message({ 1: pod, 2: container, 3: sandbox }));
  await call(session, 'StartContainer', message({ 1: id }));
  const ran = await call(session, 'ExecSync', message({ 1: id, 2: command, 3: 300 }));
  process.stdout.write(Buffer.concat([ran[1] ?? Buffer.alloc(0), ran[2] ?? Buffer.alloc(0)]));
  process.exitCode = ran[3] ?? 0;
} catch (error) {
  console.log(error.message);
  process.exitCode = 1;
}
if (pod !== undefined) {
  await call(session, 'StopPodSandbox', message({ 1: pod }));
  await call(session, 'RemovePodSandbox', message({ 1: pod }));
}
session.close();
