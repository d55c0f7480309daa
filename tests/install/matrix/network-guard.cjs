/** Loaded into each process with NODE_OPTIONS: notes each connection to another machine in the file NETWORK_LOG. */
const { appendFileSync } = require('node:fs');
const { Socket } = require('node:net');

const LOCAL = new Set(['localhost', '127.0.0.1', '::1', '0.0.0.0', '::']);
const { connect } = Socket.prototype;

/** @param {unknown[]} args of `connect`, which Node.js itself may have put into one array */
function hostOf(args) {
  const [first, second] = Array.isArray(args[0]) ? args[0] : args;
  if (typeof first !== 'object' || first === null)
    return typeof second === 'string' ? second : 'localhost';
  return first.path ? 'localhost' : (first.host ?? 'localhost');
}

Socket.prototype.connect = function (...args) {
  const host = hostOf(args);
  if (!LOCAL.has(host)) appendFileSync(process.env.NETWORK_LOG, `${host}\n`);
  return connect.apply(this, args);
};
