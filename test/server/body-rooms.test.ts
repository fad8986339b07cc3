import test from 'ava';
import { BodyRooms } from '../../src/server/body-rooms.js';

const kibibyte = 1024;

test('BodyRooms gives exactly what is asked for, and nothing for small bodies', (t) => {
  const rooms = new BodyRooms();
  t.is(rooms.take(10), undefined);
  t.is(rooms.take(600_001)?.length, 600_001);
});

test('BodyRooms gives the same memory again, when it fits', (t) => {
  const rooms = new BodyRooms();
  const first = rooms.take(600 * kibibyte);
  const second = rooms.take(600 * kibibyte);
  t.not(first?.buffer, second?.buffer);
  rooms.giveBack(first);
  const smaller = rooms.take(500 * kibibyte);
  t.is(smaller?.buffer, first?.buffer);
  t.is(smaller?.length, 500 * kibibyte);
  rooms.giveBack(smaller);
  t.not(rooms.take(200 * kibibyte)?.buffer, first?.buffer, 'more than half would be unused');
  t.not(rooms.take(700 * kibibyte)?.buffer, first?.buffer);
});

test('BodyRooms keeps no more than 64 MiB', (t) => {
  const rooms = new BodyRooms();
  const size = 30 * kibibyte ** 2;
  const taken = [rooms.take(size), rooms.take(size), rooms.take(size)];
  for (const room of taken) rooms.giveBack(room);
  const again = [rooms.take(size), rooms.take(size), rooms.take(size)].map((room) => room?.buffer);
  t.is(taken.filter((room) => again.includes(room?.buffer)).length, 2);
  rooms.giveBack(rooms.take(100 * kibibyte ** 2));
  t.is(rooms.take(100 * kibibyte ** 2)?.length, 100 * kibibyte ** 2);
});

test('BodyRooms expects no more than 512 MiB', (t) => {
  const rooms = new BodyRooms();
  const size = 200 * kibibyte ** 2;
  t.deepEqual([rooms.expect(size), rooms.expect(size), rooms.expect(size)], [true, true, false]);
  t.true(rooms.expect(10), 'a small one');
  rooms.arrived(10);
  rooms.arrived(size);
  t.deepEqual([rooms.expect(size), rooms.expect(size)], [true, false]);
});
