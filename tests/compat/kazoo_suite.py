"""The Python client kazoo against one server: `kazoo_suite.py <host:port>`.

Prints one line of JSON for each case: its name (the numbers of the acceptance rows that it pins stand in front), whether it passed,
why not, and what it saw. What it saw is compared between servers, so it holds nothing that differs from run to run.
"""

import json
import signal
import sys
import threading
import time
import traceback

from kazoo.client import KazooClient
from kazoo.exceptions import (
    AuthFailedError,
    BadArgumentsError,
    BadVersionError,
    ConnectionLoss,
    InvalidACLError,
    KazooException,
    LockTimeout,
    NoAuthError,
    NoChildrenForEphemeralsError,
    NodeExistsError,
    NoNodeError,
    NotEmptyError,
    SessionExpiredError,
)
from kazoo.protocol.states import KazooState
from kazoo.recipe.cache import TreeCache, TreeEvent
from kazoo.recipe.partitioner import SetPartitioner
from kazoo.recipe.party import ShallowParty
from kazoo.recipe.watchers import PatientChildrenWatch
from kazoo.security import ACL, Id, Permissions, make_acl, make_digest_acl, make_digest_acl_credential

HOSTS = sys.argv[1]
# No case may take longer than this, in seconds; a wait inside a case ends a little earlier and says what it waited for.
CASE_SECONDS = 45
WAIT_SECONDS = 20

CASES = []


class TooLate(Exception):
    """A case did not end in its time."""


def case(name):
    def register(function):
        CASES.append((name, function))
        return function

    return register


class World:
    """The clients of one case; all of them are closed behind it."""

    def __init__(self):
        self.clients = []

    def client(self, start=True, **options):
        options.setdefault("timeout", 6.0)
        options.setdefault("hosts", HOSTS)
        client = KazooClient(**options)
        self.clients.append(client)
        if start:
            client.start(timeout=WAIT_SECONDS)
        return client

    def close(self):
        for client in self.clients:
            try:
                client.stop()
                client.close()
            except Exception:  # A case may leave its client in any state.
                pass


def wait_until(condition, what):
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError("waited in vain for " + what)
        time.sleep(0.01)


def raises(error, function, *arguments, **options):
    try:
        function(*arguments, **options)
    except error as caught:
        return type(caught).__name__
    raise AssertionError("%s was not raised" % error.__name__)


def stat_shape(stat):
    """The part of a Stat that is the same in each run."""
    return {
        "version": stat.version,
        "cversion": stat.cversion,
        "aversion": stat.aversion,
        "dataLength": stat.dataLength,
        "numChildren": stat.numChildren,
        "isEphemeral": stat.ephemeralOwner != 0,
        "pzxid-czxid": stat.pzxid - stat.czxid,
        "mzxid-czxid": stat.mzxid - stat.czxid,
    }


class Events:
    """Collects what watches are told."""

    def __init__(self):
        self.seen = []

    def __call__(self, event):
        self.seen.append([event.type, event.state, event.path])

    def wait(self, count):
        wait_until(lambda: len(self.seen) >= count, "%d events, got %s" % (count, self.seen))
        return self.seen


# Connection and session


@case("A73: a session opens and closes, and tells its states")
def connection(world):
    client = world.client(start=False)
    states = []
    client.add_listener(lambda state: states.append(state))
    client.start(timeout=WAIT_SECONDS)
    session_id, password = client.client_id
    assert session_id != 0 and len(password) == 16
    version = client.server_version()
    client.stop()
    wait_until(lambda: states[-1] == KazooState.LOST, "the state LOST")
    return {"states": states, "versionParts": len(version)}


@case("A90: the session time-out is clamped to what the server allows")
def negotiated_timeout(world):
    granted = []
    for wanted in (0.5, 3.0, 3600.0):
        client = world.client(start=False, timeout=wanted)
        connect = client._connection._connect

        def remember(*arguments, connect=connect):
            times = connect(*arguments)
            # The client keeps what it wished for; the read time-out is two thirds of what the server granted.
            granted.append(round(times[0] * 1.5))
            return times

        client._connection._connect = remember
        client.start(timeout=WAIT_SECONDS)
    return granted


@case("a session is resumed with its id and password, and its ephemeral nodes stay")
def resume(world):
    first = world.client()
    first.create("/kazoo/resume", b"mine", ephemeral=True, makepath=True)
    identity = first.client_id
    second = world.client(client_id=identity)
    assert second.client_id[0] == identity[0]
    data, stat = second.get("/kazoo/resume")
    assert stat.ephemeralOwner == identity[0]
    return data.decode()


@case("A75: a session that another connection closed is lost, and its ephemeral nodes are gone")
def expiry(world):
    client = world.client()
    states = []
    client.add_listener(lambda state: states.append(state))
    client.create("/kazoo/expired", ephemeral=True, makepath=True)
    old_id = client.client_id[0]
    thief = world.client(client_id=client.client_id)
    thief.stop()
    wait_until(lambda: KazooState.LOST in states, "the loss of the session")
    wait_until(lambda: client.connected and client.client_id[0] != old_id, "a new session")
    return client.exists("/kazoo/expired") is None


@case("a session with a wrong password is refused")
def wrong_password(world):
    first = world.client()
    identity = (first.client_id[0], b"\x01" * 16)
    second = world.client(client_id=identity)
    return second.client_id[0] != identity[0]


@case("A74: a connection that is cut is suspended and comes back as the same session")
def reconnect(world):
    client = world.client()
    states = []
    client.add_listener(lambda state: states.append(state))
    client.create("/kazoo/reconnect", ephemeral=True, makepath=True)
    identity = client.client_id[0]
    # The socket is shut under the client's feet; it must not be told from a network that fails.
    client._connection._socket.shutdown(2)
    wait_until(lambda: states and states[-1] == KazooState.CONNECTED, "the connection, states " + str(states))
    assert client.client_id[0] == identity
    assert client.exists("/kazoo/reconnect") is not None
    return states


@case("a cut connection is told to every watch")
def watches_told_of_cut(world):
    client = world.client()
    client.create("/kazoo/rearm/data", makepath=True)
    events = Events()
    client.get("/kazoo/rearm/data", watch=events)
    client.get_children("/kazoo/rearm", watch=events)
    client.exists("/kazoo/rearm/missing", watch=events)
    suspended = threading.Event()
    client.add_listener(lambda state: suspended.set() if state == KazooState.SUSPENDED else None)
    client._connection._socket.shutdown(2)
    assert suspended.wait(WAIT_SECONDS)
    wait_until(lambda: client.connected, "the connection")
    client.exists("/kazoo")
    return sorted(events.seen, key=str)


@case("a chroot is in front of every path")
def chroot(world):
    plain = world.client()
    plain.ensure_path("/kazoo/chroot")
    inside = world.client(hosts=HOSTS + "/kazoo/chroot")
    created = inside.create("/a", b"inner", sequence=True)
    events = Events()
    inside.get("/a0000000000", watch=events)
    plain.set("/kazoo/chroot/a0000000000", b"changed")
    events.wait(1)
    return [created, sorted(plain.get_children("/kazoo/chroot")), events.seen]


@case("the four-letter words answer")
def commands(world):
    client = world.client()
    stat = client.command(b"stat")
    return [client.command(b"ruok"), "Mode: standalone" in stat, client.command(b"isro")]


# Nodes


@case("A50 A51 A52 A53 A54 A55: create, get, set, exists, list and delete")
def nodes(world):
    client = world.client()
    seen = [client.create("/kazoo/nodes", b"one", makepath=True)]
    data, stat = client.get("/kazoo/nodes")
    seen.append([data.decode(), stat_shape(stat)])
    seen.append(stat_shape(client.set("/kazoo/nodes", b"two")))
    seen.append(stat_shape(client.exists("/kazoo/nodes")))
    client.create("/kazoo/nodes/b")
    client.create("/kazoo/nodes/a")
    seen.append(sorted(client.get_children("/kazoo/nodes")))
    children, stat = client.get_children("/kazoo/nodes", include_data=True)
    seen.append([sorted(children), stat_shape(stat)])
    seen.append(raises(NotEmptyError, client.delete, "/kazoo/nodes"))
    client.delete("/kazoo/nodes", recursive=True)
    seen.append(client.exists("/kazoo/nodes"))
    seen.append(raises(NoNodeError, client.get, "/kazoo/nodes"))
    seen.append(raises(NoNodeError, client.set, "/kazoo/nodes", b""))
    seen.append(raises(NoNodeError, client.get_children, "/kazoo/nodes"))
    seen.append(raises(NoNodeError, client.create, "/kazoo/nodes/x"))
    return seen


@case("create with include_data returns the Stat")
def create2(world):
    client = world.client()
    path, stat = client.create("/kazoo/create2", b"12345", include_data=True, makepath=True)
    return [path, stat_shape(stat)]


@case("A26 A29 A30 A31: ephemeral and sequential nodes")
def kinds(world):
    client = world.client()
    client.ensure_path("/kazoo/kinds")
    seen = [
        client.create("/kazoo/kinds/p"),
        client.create("/kazoo/kinds/e", ephemeral=True),
        client.create("/kazoo/kinds/s-", sequence=True),
        client.create("/kazoo/kinds/es-", ephemeral=True, sequence=True),
    ]
    assert client.exists("/kazoo/kinds/e").ephemeralOwner == client.client_id[0]
    assert client.exists("/kazoo/kinds/p").ephemeralOwner == 0
    seen.append(raises(NoChildrenForEphemeralsError, client.create, "/kazoo/kinds/e/child"))
    seen.append(raises(NodeExistsError, client.create, "/kazoo/kinds/p"))
    return seen


@case("A28 A85: ephemeral nodes go when the session closes")
def ephemerals_on_close(world):
    owner, observer = world.client(), world.client()
    observer.ensure_path("/kazoo/close")
    for name in ("a", "b"):
        owner.create("/kazoo/close/" + name, ephemeral=True)
    events = Events()
    observer.exists("/kazoo/close/a", watch=events)
    observer.get_children("/kazoo/close", watch=events)
    owner.stop()
    events.wait(2)
    return [sorted(events.seen, key=str), observer.get_children("/kazoo/close")]


@case("A24: all 256 values of a byte come back")
def bytes_round_trip(world):
    client = world.client()
    data = bytes(range(256))
    client.create("/kazoo/bytes", data, makepath=True)
    return client.get("/kazoo/bytes")[0] == data


@case("A16: data just under the limit is kept, above it the connection is cut")
def large_data(world):
    client = world.client()
    client.ensure_path("/kazoo/large")
    size = 1024 * 1024 - 1024
    client.create("/kazoo/large/fits", b"x" * size)
    assert client.get("/kazoo/large/fits")[0] == b"x" * size
    refused = raises((ConnectionLoss, SessionExpiredError), client.create, "/kazoo/large/not", b"x" * (1024 * 1024))
    wait_until(lambda: client.connected, "the connection")
    return [client.exists("/kazoo/large/not"), bool(refused)]


@case("A45: names and data beyond ASCII")
def unicode_names(world):
    client = world.client()
    path = client.create("/kazoo/grün-日本", "héé".encode(), makepath=True)
    return [path, client.get(path)[0].decode(), client.get(path)[1].dataLength, client.get_children("/kazoo").count("grün-日本")]


@case("A57 A59: versions guard set and delete")
def versions(world):
    client = world.client()
    client.create("/kazoo/versions", makepath=True)
    seen = [client.set("/kazoo/versions", b"1", version=0).version]
    seen.append(raises(BadVersionError, client.set, "/kazoo/versions", b"2", version=0))
    seen.append(raises(BadVersionError, client.delete, "/kazoo/versions", version=0))
    client.delete("/kazoo/versions", version=1)
    return seen


@case("A59 A62: counters raised by many clients at once lose nothing")
def compare_and_set(world):
    workers, rounds = 5, 40
    clients = [world.client() for _ in range(workers)]
    clients[0].create("/kazoo/cas", b"0", makepath=True)

    def raise_it(client):
        for _ in range(rounds):
            while True:
                data, stat = client.get("/kazoo/cas")
                try:
                    client.set("/kazoo/cas", str(int(data) + 1).encode(), version=stat.version)
                    break
                except BadVersionError:
                    continue

    threads = [threading.Thread(target=raise_it, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_SECONDS)
    data, stat = clients[0].get("/kazoo/cas")
    return [int(data), stat.version]


@case("A5 A12: asynchronous requests of one client apply in the order sent")
def async_order(world):
    client = world.client()
    client.create("/kazoo/async", makepath=True)
    results = [client.set_async("/kazoo/async", str(number).encode()) for number in range(1000)]
    versions = [result.get(timeout=WAIT_SECONDS).version for result in results]
    assert versions == list(range(1, 1001))
    created = [client.create_async("/kazoo/async/n-", sequence=True) for _ in range(100)]
    names = [result.get(timeout=WAIT_SECONDS) for result in created]
    assert names == sorted(names)
    return names[-1]


@case("A10: sync, then a read sees what another client wrote")
def sync(world):
    writer, reader = world.client(), world.client()
    writer.create("/kazoo/sync", b"0", makepath=True)
    for number in range(100):
        writer.set("/kazoo/sync", str(number).encode())
        reader.sync("/kazoo/sync")
        assert reader.get("/kazoo/sync")[0] == str(number).encode()
    return reader.sync("/kazoo/sync")


@case("paths that are not valid are refused by the server")
def bad_paths(world):
    client = world.client()
    seen = []
    for path in ("/kazoo/a\x00b", "/kazoo/..", "/kazoo/\x01"):
        try:
            seen.append(client.create(path))
        except (BadArgumentsError, NoNodeError, ValueError) as error:
            seen.append(type(error).__name__)
    return seen


# Watches


@case("A68 A69 A70 A71 A72: data, exist and child watches are told their events")
def watches(world):
    client, other = world.client(), world.client()
    other.ensure_path("/kazoo/watches")
    data, exist, child = Events(), Events(), Events()
    client.exists("/kazoo/watches/n", watch=exist)
    client.get_children("/kazoo/watches", watch=child)
    other.create("/kazoo/watches/n")
    exist.wait(1)
    child.wait(1)
    client.get("/kazoo/watches/n", watch=data)
    other.set("/kazoo/watches/n", b"")
    data.wait(1)
    client.get("/kazoo/watches/n", watch=data)
    client.get_children("/kazoo/watches/n", watch=child)
    other.delete("/kazoo/watches/n")
    data.wait(2)
    child.wait(2)
    return [data.seen, exist.seen, child.seen]


@case("A77: the event comes before the new value can be read")
def event_before_value(world):
    client, other = world.client(), world.client()
    other.create("/kazoo/before", b"0", makepath=True)
    for number in range(1, 51):
        told = threading.Event()
        client.get("/kazoo/before", watch=lambda event: told.set())
        other.set("/kazoo/before", str(number).encode())
        while client.get("/kazoo/before")[0] != str(number).encode():
            pass
        # Callbacks run in a thread of their own, a little behind the replies.
        assert told.wait(WAIT_SECONDS)
    return True


# Transactions


@case("A13: a transaction does all or nothing and tells which part failed")
def transactions(world):
    client = world.client()
    client.create("/kazoo/multi", b"0", makepath=True)
    good = client.transaction()
    good.create("/kazoo/multi/a", b"1")
    good.create("/kazoo/multi/s-", sequence=True)
    good.set_data("/kazoo/multi", b"2", version=0)
    good.check("/kazoo/multi", version=1)
    good.delete("/kazoo/multi/a", version=0)
    results = good.commit()
    seen = [[stat_shape(part) if hasattr(part, "czxid") else part for part in results]]
    bad = client.transaction()
    bad.create("/kazoo/multi/b")
    bad.check("/kazoo/multi", version=7)
    bad.create("/kazoo/multi/c")
    seen.append([type(part).__name__ for part in bad.commit()])
    seen.append(sorted(client.get_children("/kazoo/multi")))
    context_ran = False
    with client.transaction() as transaction:
        transaction.create("/kazoo/multi/d", ephemeral=True)
        context_ran = True
    seen.append([context_ran, client.exists("/kazoo/multi/d") is not None])
    seen.append(client.transaction().commit())
    return seen


# Permissions


@case("A210 A211 A212 A213 A214: each permission is needed for what it guards")
def permissions(world):
    client = world.client()
    client.ensure_path("/kazoo/acl")

    def attempt(function, *arguments, **options):
        try:
            function(*arguments, **options)
            return "ok"
        except KazooException as error:
            return type(error).__name__

    seen = {}
    everyone = {"read": True, "write": True, "create": True, "delete": True, "admin": True}
    for missing in sorted(everyone):
        path = "/kazoo/acl/without-" + missing
        client.create(path)
        client.create(path + "/child")
        client.set_acls(path, [make_acl("world", "anyone", **dict(everyone, **{missing: False}))])
        seen[missing] = {
            "get": attempt(client.get, path),
            "list": attempt(client.get_children, path),
            "set": attempt(client.set, path, b"1"),
            "create": attempt(client.create, path + "/new"),
            "delete child": attempt(client.delete, path + "/child"),
            "get acl": attempt(client.get_acls, path),
            "set acl": attempt(client.set_acls, path, [make_acl("world", "anyone", all=True)]),
        }
    return seen


@case("A217 A218: digests, auth and what others see of them")
def digests(world):
    owner, stranger = world.client(auth_data=[("digest", "user:password")]), world.client()
    acl = make_digest_acl("user", "password", all=True)
    owner.create("/kazoo/digest", b"mine", acl=[acl], makepath=True)
    seen = [owner.get("/kazoo/digest")[0].decode(), raises(NoAuthError, stranger.get, "/kazoo/digest")]
    stranger.add_auth("digest", "user:wrong")
    seen.append(raises(NoAuthError, stranger.get, "/kazoo/digest"))
    stranger.add_auth("digest", "user:password")
    seen.append(stranger.get("/kazoo/digest")[0].decode())
    owner.create("/kazoo/auth", acl=[ACL(Permissions.ALL, Id("auth", ""))])
    acls, stat = owner.get_acls("/kazoo/auth")
    seen.append([[entry.perms, entry.id.scheme, entry.id.id] for entry in acls])
    seen.append(make_digest_acl_credential("super", "test"))
    return seen


@case("A217: an ACL that means nobody is invalid")
def invalid_acls(world):
    client = world.client()
    client.ensure_path("/kazoo/invalid")
    seen = []
    for scheme, identity in (("auth", ""), ("nosuch", "x"), ("ip", "x"), ("world", "me"), ("digest", "x"), ("super", "")):
        acl = [ACL(Permissions.ALL, Id(scheme, identity))]
        seen.append(raises(InvalidACLError, client.create, "/kazoo/invalid/n", acl=acl))
    return seen


@case("A219: addresses in ACLs")
def addresses(world):
    client = world.client()
    client.ensure_path("/kazoo/ip")
    client.create("/kazoo/ip/mine", acl=[make_acl("ip", "127.0.0.1", all=True)])
    client.create("/kazoo/ip/net", acl=[make_acl("ip", "127.0.0.0/8", read=True)])
    client.create("/kazoo/ip/other", acl=[make_acl("ip", "10.1.2.3", all=True)])
    client.get("/kazoo/ip/mine")
    client.get("/kazoo/ip/net")
    return raises(NoAuthError, client.get, "/kazoo/ip/other")


@case("set_acls raises the ACL's version and guards by it")
def acl_versions(world):
    client = world.client()
    client.create("/kazoo/aversion", makepath=True)
    acl = [make_acl("world", "anyone", all=True)]
    seen = [client.set_acls("/kazoo/aversion", acl).aversion, client.set_acls("/kazoo/aversion", acl, version=1).aversion]
    seen.append(raises(BadVersionError, client.set_acls, "/kazoo/aversion", acl, version=1))
    return seen


@case("A76: an unknown scheme of authentication fails")
def unknown_scheme(world):
    client = world.client()
    return raises((AuthFailedError, ConnectionLoss), client.add_auth, "nosuch", "a:b")


@case("A217: the administrator may do everything")
def administrator(world):
    owner, admin = world.client(), world.client(auth_data=[("digest", "super:test")])
    owner.create("/kazoo/closed", b"x", acl=[make_acl("ip", "10.0.0.1", read=True)], makepath=True)
    seen = [raises(NoAuthError, owner.get, "/kazoo/closed"), admin.get("/kazoo/closed")[0].decode()]
    admin.set_acls("/kazoo/closed", [make_acl("world", "anyone", all=True)])
    seen.append(owner.get("/kazoo/closed")[0].decode())
    return seen


# Recipes


@case("a lock lets one in at a time")
def lock(world):
    clients = [world.client() for _ in range(4)]
    inside, most, count = [0], [0], [0]

    def work(client):
        for _ in range(5):
            with client.Lock("/kazoo/lock", "worker"):
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                count[0] += 1
                time.sleep(0.002)
                inside[0] -= 1

    threads = [threading.Thread(target=work, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_SECONDS)
    return {"most inside": most[0], "times": count[0], "left": clients[0].get_children("/kazoo/lock")}


@case("a lock that is held is not taken, and goes to the next in order")
def lock_order(world):
    first, second, third = (world.client() for _ in range(3))
    held = first.Lock("/kazoo/order", "first")
    held.acquire()
    seen = [second.Lock("/kazoo/order", "x").acquire(blocking=False)]
    seen.append(raises(LockTimeout, second.Lock("/kazoo/order", "x").acquire, timeout=0.2))
    order = []

    def queue(client, name):
        with client.Lock("/kazoo/order", name):
            order.append(name)

    threads = []
    for client, name in ((second, "second"), (third, "third")):
        thread = threading.Thread(target=queue, args=(client, name))
        thread.start()
        threads.append(thread)
        wait_until(lambda: len(held.contenders()) == len(threads) + 1, "the contender " + name)
    seen.append(held.contenders())
    held.release()
    for thread in threads:
        thread.join(WAIT_SECONDS)
    return [seen, order]


@case("a lock is free again when its holder's session ends")
def lock_after_death(world):
    holder, waiter = world.client(), world.client()
    holder.Lock("/kazoo/dead", "holder").acquire()
    got = threading.Event()

    def wait_for_it():
        waiter.Lock("/kazoo/dead", "waiter").acquire()
        got.set()

    thread = threading.Thread(target=wait_for_it)
    thread.start()
    wait_until(lambda: len(waiter.get_children("/kazoo/dead")) == 2, "the second contender")
    assert not got.is_set()
    holder.stop()
    assert got.wait(WAIT_SECONDS)
    return True


@case("readers share a lock, writers do not")
def read_write_lock(world):
    clients = [world.client() for _ in range(3)]
    reads = [client.ReadLock("/kazoo/rw", "reader") for client in clients[:2]]
    assert all(read.acquire() for read in reads)
    seen = [clients[2].WriteLock("/kazoo/rw", "writer").acquire(blocking=False)]
    for read in reads:
        read.release()
    write = clients[2].WriteLock("/kazoo/rw", "writer")
    seen.append(write.acquire())
    seen.append(clients[0].ReadLock("/kazoo/rw", "reader").acquire(blocking=False))
    write.release()
    return seen


@case("a semaphore lets as many in as it says")
def semaphore(world):
    clients = [world.client() for _ in range(3)]
    semaphores = [client.Semaphore("/kazoo/semaphore", "holder", max_leases=2) for client in clients]
    assert semaphores[0].acquire() and semaphores[1].acquire()
    seen = [semaphores[2].acquire(blocking=False), sorted(semaphores[0].lease_holders())]
    semaphores[0].release()
    seen.append(semaphores[2].acquire(timeout=WAIT_SECONDS))
    return seen


@case("an election has one leader, and another after it")
def election(world):
    clients = [world.client() for _ in range(3)]
    running, most, led = [0], [0], []

    def lead(name):
        running[0] += 1
        most[0] = max(most[0], running[0])
        led.append(name)
        time.sleep(0.02)
        running[0] -= 1

    threads = []
    for number, client in enumerate(clients):
        candidate = client.Election("/kazoo/election", "candidate-%d" % number)
        thread = threading.Thread(target=candidate.run, args=(lead, number))
        thread.start()
        threads.append(thread)
    for thread in threads:
        thread.join(WAIT_SECONDS)
    return {"most at once": most[0], "led": sorted(led)}


@case("a queue gives out by priority and order")
def queue(world):
    client, other = world.client(), world.client()
    line = client.Queue("/kazoo/queue")
    for value, priority in ((b"b", 100), (b"c", 100), (b"a", 10)):
        line.put(value, priority)
    seen = [len(line)]
    taker = other.Queue("/kazoo/queue")
    seen.extend(taker.get().decode() for _ in range(3))
    seen.append(taker.get())
    return seen


@case("a locking queue keeps what is not consumed")
def locking_queue(world):
    client, other = world.client(), world.client()
    line = client.LockingQueue("/kazoo/locking")
    line.put_all([b"one", b"two"])
    seen = [line.get(WAIT_SECONDS).decode(), line.holds_lock()]
    second = other.LockingQueue("/kazoo/locking")
    seen.append(second.get(WAIT_SECONDS).decode())
    seen.append([line.consume(), second.consume(), len(line)])
    seen.append(line.get(0.2))
    line.put(b"late")
    seen.append(second.get(WAIT_SECONDS).decode())
    # Given up unconsumed, it is there for the next.
    second.release()
    seen.append(line.get(WAIT_SECONDS).decode())
    return seen


@case("a barrier holds until it is removed")
def barrier(world):
    client, other = world.client(), world.client()
    gate = client.Barrier("/kazoo/barrier")
    gate.create()
    seen = [other.Barrier("/kazoo/barrier").wait(0.2)]
    passed = []
    thread = threading.Thread(target=lambda: passed.append(other.Barrier("/kazoo/barrier").wait(WAIT_SECONDS)))
    thread.start()
    seen.append(gate.remove())
    thread.join(WAIT_SECONDS)
    seen.append([passed, gate.remove()])
    return seen


@case("a double barrier lets all in together and all out together")
def double_barrier(world):
    clients = [world.client() for _ in range(3)]
    entered, left, problems = [], [], []

    def take_part(client, number):
        barrier = client.DoubleBarrier("/kazoo/double", 3, "member-%d" % number)
        barrier.enter()
        entered.append(number)
        wait_until(lambda: len(entered) == 3, "the others inside")
        if left:
            problems.append("one left before all were in")
        barrier.leave()
        left.append(number)

    threads = [threading.Thread(target=take_part, args=pair[::-1]) for pair in enumerate(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_SECONDS)
    return [sorted(entered), sorted(left), problems]


@case("a counter raised by many loses nothing")
def counter(world):
    clients = [world.client() for _ in range(4)]

    def count(client):
        counter = client.Counter("/kazoo/counter")
        for _ in range(10):
            counter += 2
            counter -= 1

    threads = [threading.Thread(target=count, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_SECONDS)
    floats = clients[0].Counter("/kazoo/floats", default=1.0)
    floats += 1.5
    return [clients[0].Counter("/kazoo/counter").value, floats.value]


@case("a party knows its members")
def party(world):
    clients = [world.client() for _ in range(3)]
    parties = [client.Party("/kazoo/party", "member-%d" % number) for number, client in enumerate(clients)]
    for one in parties:
        one.join()
    seen = [sorted(parties[0]), len(parties[1])]
    parties[1].leave()
    clients[2].stop()
    wait_until(lambda: len(parties[0]) == 1, "one member left")
    seen.append(sorted(parties[0]))
    shallow = ShallowParty(clients[0], "/kazoo/shallow", "me")
    shallow.join()
    seen.append(sorted(shallow))
    return seen


@case("A67: DataWatch follows a node through creation, changes and deletion")
def data_watch(world):
    client, other = world.client(), world.client()
    client.ensure_path("/kazoo")
    seen = []
    client.DataWatch("/kazoo/followed", lambda data, stat: seen.append(None if data is None else data.decode()))
    other.create("/kazoo/followed", b"0")
    wait_until(lambda: seen[-1] == "0", "the creation, seen " + str(seen))
    for number in range(1, 6):
        other.set("/kazoo/followed", str(number).encode())
        wait_until(lambda: seen[-1] == str(number), "the value %d, seen %s" % (number, seen))
    other.delete("/kazoo/followed")
    wait_until(lambda: seen[-1] is None, "the deletion")
    return seen


@case("A67: ChildrenWatch follows the children of a node")
def children_watch(world):
    client, other = world.client(), world.client()
    client.ensure_path("/kazoo/parent")
    seen = []
    client.ChildrenWatch("/kazoo/parent", lambda children: seen.append(sorted(children)))
    for name in ("a", "b"):
        other.create("/kazoo/parent/" + name)
        wait_until(lambda: name in seen[-1], "the child " + name)
    other.delete("/kazoo/parent/a")
    wait_until(lambda: seen[-1] == ["b"], "the deletion of a")
    return seen


@case("PatientChildrenWatch waits until the children have settled")
def patient_children_watch(world):
    client = world.client()
    client.ensure_path("/kazoo/patient")
    for name in ("a", "b"):
        client.create("/kazoo/patient/" + name)
    result = PatientChildrenWatch(client, "/kazoo/patient", time_boundary=0.2).start()
    children, changed = result.get(timeout=WAIT_SECONDS)
    return [sorted(children), changed.ready()]


@case("TreeCache mirrors a subtree")
def tree_cache(world):
    client, other = world.client(), world.client()
    other.create("/kazoo/cached/a/b", b"deep", makepath=True)
    cache = TreeCache(client, "/kazoo/cached")
    events = []
    cache.listen(lambda event: events.append(event.event_type))
    cache.start()
    wait_until(lambda: TreeEvent.INITIALIZED in events, "the whole tree")
    seen = [cache.get_data("/kazoo/cached/a/b").data.decode(), sorted(cache.get_children("/kazoo/cached"))]
    other.set("/kazoo/cached/a/b", b"deeper")
    wait_until(lambda: cache.get_data("/kazoo/cached/a/b").data == b"deeper", "the new data")
    other.create("/kazoo/cached/c")
    wait_until(lambda: cache.get_data("/kazoo/cached/c") is not None, "the new node")
    other.delete("/kazoo/cached/a", recursive=True)
    wait_until(lambda: cache.get_data("/kazoo/cached/a") is None, "the deletion")
    seen.append(sorted(cache.get_children("/kazoo/cached")))
    cache.close()
    return seen


@case("a partitioner shares a set among its members")
def partitioner(world):
    clients = [world.client() for _ in range(2)]
    shared = set(range(6))
    parts = [
        SetPartitioner(client, "/kazoo/partition", shared, identifier="member-%d" % number, time_boundary=0.3)
        for number, client in enumerate(clients)
    ]
    deadline = time.monotonic() + WAIT_SECONDS
    while not all(part.acquired for part in parts):
        assert time.monotonic() < deadline, [part.state for part in parts]
        for part in parts:
            if part.release:
                part.release_set()
            elif part.allocating:
                part.wait_for_acquire(timeout=0.2)
    shares = [sorted(part) for part in parts]
    # After a change of members a share may stand a moment before it is given back, so only the sum is certain.
    for part in parts:
        part.finish()
    return sorted(shares[0] + shares[1])


def run(name, function):
    world = World()
    signal.alarm(CASE_SECONDS)
    try:
        # Written down at once: closing the clients may still add to what was collected.
        outcome = json.dumps({"name": name, "ok": True, "observed": function(world)})
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        detail = "%s: %s (line %d of %s)" % (type(error).__name__, error, place.lineno, place.name)
        outcome = json.dumps({"name": name, "ok": False, "detail": detail})
    finally:
        signal.alarm(0)
    world.close()
    print(outcome, flush=True)


def too_late(signum, frame):
    raise TooLate("the case did not end in %d s" % CASE_SECONDS)


def main():
    signal.signal(signal.SIGALRM, too_late)
    for name, function in CASES:
        run(name, function)
    print(json.dumps({"done": True}), flush=True)
    sys.stdout.flush()


main()
