import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.zookeeper.AddWatchMode;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.OpResult;
import org.apache.zookeeper.WatchedEvent;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.ZooDefs.Ids;
import org.apache.zookeeper.ZooDefs.Perms;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.admin.ZooKeeperAdmin;
import org.apache.zookeeper.data.ACL;
import org.apache.zookeeper.data.ClientInfo;
import org.apache.zookeeper.data.Id;
import org.apache.zookeeper.data.Stat;
import org.apache.zookeeper.recipes.leader.LeaderElectionSupport;
import org.apache.zookeeper.recipes.lock.WriteLock;
import org.apache.zookeeper.recipes.queue.DistributedQueue;

/**
 * Apache's Java client against one server: {@code JavaSuite <host:port>}.
 *
 * <p>Prints one line of JSON for each case: its name (the numbers of the acceptance rows that it pins stand in front), whether it
 * passed, why not, and what it saw. What it saw is compared between servers, so it holds nothing that differs from run to run.
 */
public final class JavaSuite {
  private static final int SESSION_TIMEOUT_MS = 6000;
  private static final long WAIT_SECONDS = 15;
  private static final long CASE_SECONDS = 45;

  private final String hosts;
  private final List<ZooKeeper> clients = Collections.synchronizedList(new ArrayList<>());
  private final List<String> seen = new ArrayList<>();

  private JavaSuite(String hosts) {
    this.hosts = hosts;
  }

  private interface Body {
    void run(JavaSuite suite) throws Exception;
  }

  private interface Call {
    Object run() throws Exception;
  }

  private interface Condition {
    boolean isTrue() throws Exception;
  }

  /** Collects what watches are told, session events aside. */
  private static final class Events implements Watcher {
    final List<String> told = Collections.synchronizedList(new ArrayList<>());

    @Override
    public void process(WatchedEvent event) {
      if (event.getType() == Event.EventType.None) return;
      told.add(event.getState() + " " + event.getType() + " " + event.getPath());
    }

    void await(int count) throws Exception {
      waitUntil(() -> told.size() >= count, count + " events, have " + told);
    }
  }

  /** Collects the states that a session goes through. */
  private static final class States implements Watcher {
    final List<String> told = Collections.synchronizedList(new ArrayList<>());

    @Override
    public void process(WatchedEvent event) {
      if (event.getType() == Event.EventType.None) told.add(event.getState().toString());
    }

    void await(String state) throws Exception {
      waitUntil(() -> told.contains(state), "the state " + state + ", have " + told);
    }
  }

  private static void waitUntil(Condition condition, String what) throws Exception {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(WAIT_SECONDS);
    while (!condition.isTrue()) {
      if (System.nanoTime() > deadline) throw new AssertionError("waited in vain for " + what);
      Thread.sleep(5);
    }
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static String text(byte[] data) {
    return data == null ? "null" : new String(data, StandardCharsets.UTF_8);
  }

  private ZooKeeper client() throws Exception {
    return client(new States());
  }

  private ZooKeeper client(States states) throws Exception {
    ZooKeeper client = new ZooKeeper(hosts, SESSION_TIMEOUT_MS, states);
    clients.add(client);
    states.await("SyncConnected");
    return client;
  }

  private static String create(ZooKeeper client, String path, String data) throws Exception {
    return client.create(path, bytes(data), Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
  }

  private void see(String format, Object... values) {
    seen.add(String.format(format, values));
  }

  /** The result of a call, or the name of the exception that it ended with. */
  private void see(String what, Call call) {
    String outcome;
    try {
      outcome = String.valueOf(call.run());
    } catch (KeeperException error) {
      outcome = error.code().toString();
    } catch (Exception error) {
      outcome = error.getClass().getSimpleName();
    }
    seen.add(what + ": " + outcome);
  }

  private static String shape(Stat stat) {
    if (stat == null) return "none";
    return String.format(
        "version %d cversion %d aversion %d dataLength %d numChildren %d ephemeral %b mzxid+%d pzxid+%d",
        stat.getVersion(), stat.getCversion(), stat.getAversion(), stat.getDataLength(), stat.getNumChildren(),
        stat.getEphemeralOwner() != 0, stat.getMzxid() - stat.getCzxid(), stat.getPzxid() - stat.getCzxid());
  }

  private static List<String> sorted(List<String> names) {
    List<String> copy = new ArrayList<>(names);
    Collections.sort(copy);
    return copy;
  }

  // Nodes

  private void nodes() throws Exception {
    ZooKeeper client = client();
    Stat stat = new Stat();
    see("create", () -> create(client, "/j-nodes", "one"));
    see("get", () -> text(client.getData("/j-nodes", false, stat)));
    see("stat %s", shape(stat));
    see("set", () -> shape(client.setData("/j-nodes", bytes("two"), 0)));
    see("set with an old version", () -> client.setData("/j-nodes", bytes("x"), 0));
    see("exists", () -> shape(client.exists("/j-nodes", false)));
    see("create with a Stat", () -> client.create("/j-nodes/c", null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT, stat));
    see("stat %s", shape(stat));
    see("null data", () -> text(client.getData("/j-nodes/c", false, null)));
    see("children", () -> client.getChildren("/j-nodes", false, stat));
    see("stat %s", shape(stat));
    see("delete with children", () -> {
      client.delete("/j-nodes", -1);
      return "ok";
    });
    see("delete", () -> {
      client.delete("/j-nodes/c", 0);
      return "ok";
    });
    see("gone", () -> shape(client.exists("/j-nodes/c", false)));
    see("get gone", () -> text(client.getData("/j-nodes/c", false, null)));
  }

  private void kinds() throws Exception {
    ZooKeeper client = client();
    create(client, "/j-kinds", "");
    for (CreateMode mode : CreateMode.values()) {
      Stat stat = new Stat();
      String path = "/j-kinds/" + mode.toString().toLowerCase() + "-";
      long ttl = mode.isTTL() ? 60000 : -1;
      see(mode.toString(), () -> client.create(path, bytes("x"), Ids.OPEN_ACL_UNSAFE, mode, stat, ttl));
      see("stat %s", shape(stat));
    }
    see("child of an ephemeral node", () -> create(client, "/j-kinds/ephemeral-/x", ""));
    see("ephemeral nodes", () -> sorted(client.getEphemerals()));
    see("ephemeral nodes below", () -> sorted(client.getEphemerals("/j-kinds/ephemeral_")));
    see("descendants", () -> client.getAllChildrenNumber("/j-kinds"));
  }

  private void reaping() throws Exception {
    ZooKeeper client = client();
    create(client, "/j-reap", "");
    Events events = new Events();
    client.addWatch("/j-reap", events, AddWatchMode.PERSISTENT_RECURSIVE);
    client.create("/j-reap/box", null, Ids.OPEN_ACL_UNSAFE, CreateMode.CONTAINER);
    client.create("/j-reap/unused", null, Ids.OPEN_ACL_UNSAFE, CreateMode.CONTAINER);
    create(client, "/j-reap/box/child", "");
    client.delete("/j-reap/box/child", -1);
    waitUntil(() -> client.exists("/j-reap/box", false) == null, "the end of the container");
    client.create("/j-reap/brief", null, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT_WITH_TTL, new Stat(), 300);
    waitUntil(() -> client.exists("/j-reap/brief", false) == null, "the end of the node with a time to live");
    events.await(7);
    seen.addAll(events.told);
    see("a container that never had children stays", () -> shape(client.exists("/j-reap/unused", false)));
  }

  // Transactions

  private void transactions() throws Exception {
    ZooKeeper client = client();
    create(client, "/j-multi", "");
    List<OpResult> results = client.multi(Arrays.asList(
        Op.create("/j-multi/a", bytes("1"), Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT),
        Op.create("/j-multi/s-", bytes(""), Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT_SEQUENTIAL),
        Op.create("/j-multi/box", bytes(""), Ids.OPEN_ACL_UNSAFE, CreateMode.CONTAINER),
        Op.create("/j-multi/t", bytes(""), Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT_WITH_TTL, 60000),
        Op.setData("/j-multi/a", bytes("22"), 0),
        Op.check("/j-multi/a", 1),
        Op.delete("/j-multi/a", 1)));
    for (OpResult result : results) see("%s", describe(result));
    try {
      client.multi(Arrays.asList(
          Op.create("/j-multi/b", bytes(""), Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT),
          Op.check("/j-multi", 9),
          Op.delete("/j-multi/b", -1)));
      throw new AssertionError("a transaction with a failing check went through");
    } catch (KeeperException error) {
      see("failed with %s", error.code());
      for (OpResult result : error.getResults()) see("%s", describe(result));
    }
    see("left", () -> sorted(client.getChildren("/j-multi", false)));
    see("empty", () -> client.multi(new ArrayList<>()).size());
    see("reads", () -> {
      List<String> lines = new ArrayList<>();
      for (OpResult result : client.multi(Arrays.asList(
          Op.getData("/j-multi"), Op.getChildren("/j-multi"), Op.getData("/j-multi/nope")))) {
        lines.add(describe(result));
      }
      return lines;
    });
    see("transaction", () -> client.transaction().create("/j-multi/c", bytes(""), Ids.OPEN_ACL_UNSAFE, CreateMode.EPHEMERAL)
        .check("/j-multi/c", 0).commit().size());
  }

  private static String describe(OpResult result) {
    if (result instanceof OpResult.CreateResult) {
      OpResult.CreateResult create = (OpResult.CreateResult) result;
      return "created " + create.getPath() + " " + shape(create.getStat());
    }
    if (result instanceof OpResult.SetDataResult) return "set " + shape(((OpResult.SetDataResult) result).getStat());
    if (result instanceof OpResult.CheckResult) return "checked";
    if (result instanceof OpResult.DeleteResult) return "deleted";
    if (result instanceof OpResult.GetDataResult) return "data " + text(((OpResult.GetDataResult) result).getData());
    if (result instanceof OpResult.GetChildrenResult) {
      return "children " + sorted(((OpResult.GetChildrenResult) result).getChildren());
    }
    if (result instanceof OpResult.ErrorResult) {
      return "error " + KeeperException.Code.get(((OpResult.ErrorResult) result).getErr());
    }
    return "unknown";
  }

  // Watches

  private void oneShotWatches() throws Exception {
    ZooKeeper client = client();
    ZooKeeper other = client();
    create(other, "/j-watch", "");
    Events events = new Events();
    client.exists("/j-watch/n", events);
    create(other, "/j-watch/n", "");
    events.await(1);
    client.getData("/j-watch/n", events, null);
    other.setData("/j-watch/n", bytes("1"), -1);
    events.await(2);
    other.setData("/j-watch/n", bytes("2"), -1);
    client.getChildren("/j-watch/n", events);
    create(other, "/j-watch/n/c", "");
    events.await(3);
    client.getData("/j-watch/n", events, null);
    client.getChildren("/j-watch/n", events);
    other.delete("/j-watch/n/c", -1);
    events.await(4);
    other.delete("/j-watch/n", -1);
    events.await(5);
    seen.addAll(events.told);
  }

  private void persistentWatches() throws Exception {
    ZooKeeper client = client();
    ZooKeeper recursiveClient = client();
    ZooKeeper other = client();
    create(other, "/j-persist", "");
    Events persistent = new Events();
    Events recursive = new Events();
    client.addWatch("/j-persist", persistent, AddWatchMode.PERSISTENT);
    recursiveClient.addWatch("/j-persist", recursive, AddWatchMode.PERSISTENT_RECURSIVE);
    create(other, "/j-persist/y", "");
    other.setData("/j-persist/y", bytes("1"), -1);
    create(other, "/j-persist/y/z", "");
    other.setData("/j-persist", bytes("1"), -1);
    other.delete("/j-persist/y/z", -1);
    other.delete("/j-persist/y", -1);
    other.delete("/j-persist", -1);
    create(other, "/j-persist", "");
    recursive.await(8);
    persistent.await(5);
    see("persistent %s", persistent.told);
    see("recursive %s", recursive.told);
  }

  private void removedWatches() throws Exception {
    ZooKeeper client = client();
    ZooKeeper other = client();
    create(other, "/j-remove", "");
    Events first = new Events();
    Events second = new Events();
    client.getData("/j-remove", first, null);
    client.getData("/j-remove", second, null);
    client.removeWatches("/j-remove", first, Watcher.WatcherType.Data, false);
    first.await(1);
    see("first %s", first.told);
    other.setData("/j-remove", bytes("1"), -1);
    second.await(1);
    see("second %s", second.told);
    see("no such watch", () -> {
      client.removeAllWatches("/j-remove", Watcher.WatcherType.Data, false);
      return "ok";
    });
    Events persistent = new Events();
    client.addWatch("/j-remove", persistent, AddWatchMode.PERSISTENT);
    client.removeWatches("/j-remove", persistent, Watcher.WatcherType.Any, false);
    persistent.await(1);
    other.setData("/j-remove", bytes("2"), -1);
    Events barrier = new Events();
    client.exists("/j-remove/barrier", barrier);
    create(other, "/j-remove/barrier", "");
    barrier.await(1);
    see("persistent %s", persistent.told);
  }

  private void watchesAfterCut() throws Exception {
    States states = new States();
    Relay relay = new Relay(hosts);
    ZooKeeper client = new ZooKeeper(relay.address(), SESSION_TIMEOUT_MS, states);
    clients.add(client);
    states.await("SyncConnected");
    ZooKeeper other = client();
    create(other, "/j-cut", "");
    create(other, "/j-cut/kept", "");
    Events data = new Events();
    Events exist = new Events();
    Events child = new Events();
    Events persistent = new Events();
    client.getData("/j-cut/kept", data, null);
    client.exists("/j-cut/later", exist);
    client.getChildren("/j-cut/kept", child);
    client.addWatch("/j-cut", persistent, AddWatchMode.PERSISTENT_RECURSIVE);
    long session = client.getSessionId();
    states.told.clear();
    relay.cut();
    states.await("SyncConnected");
    see("states %s", states.told);
    see("same session %b", session == client.getSessionId());
    other.setData("/j-cut/kept", bytes("1"), -1);
    create(other, "/j-cut/later", "");
    create(other, "/j-cut/kept/c", "");
    data.await(1);
    exist.await(1);
    child.await(1);
    persistent.await(3);
    see("%s %s %s %s", data.told, exist.told, child.told, persistent.told);
  }

  /** Stands between a client and the server, so that their connection can be cut. */
  private static final class Relay {
    private final ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final List<Socket> sockets = Collections.synchronizedList(new ArrayList<>());

    Relay(String server) throws IOException {
      String host = server.substring(0, server.indexOf(':'));
      int port = Integer.parseInt(server.substring(server.indexOf(':') + 1));
      daemon(() -> {
        while (true) {
          Socket near = listener.accept();
          Socket far = new Socket(host, port);
          sockets.add(near);
          sockets.add(far);
          copy(near, far);
          copy(far, near);
        }
      });
    }

    String address() {
      return "127.0.0.1:" + listener.getLocalPort();
    }

    void cut() throws IOException {
      for (Socket socket : sockets.toArray(new Socket[0])) socket.close();
      sockets.clear();
    }

    private static void copy(Socket source, Socket target) {
      daemon(() -> {
        try (source; target) {
          return source.getInputStream().transferTo(target.getOutputStream());
        }
      });
    }

    private static void daemon(Callable<?> task) {
      Thread thread = new Thread(() -> {
        try {
          task.call();
        } catch (Exception error) {
          // A cut connection ends here.
        }
      });
      thread.setDaemon(true);
      thread.start();
    }
  }

  // Sessions

  private void resumedSession() throws Exception {
    States firstStates = new States();
    ZooKeeper first = client(firstStates);
    first.create("/j-resume", bytes("mine"), Ids.OPEN_ACL_UNSAFE, CreateMode.EPHEMERAL);
    firstStates.told.clear();
    States states = new States();
    ZooKeeper second = new ZooKeeper(hosts, SESSION_TIMEOUT_MS, states, first.getSessionId(), first.getSessionPasswd());
    clients.add(second);
    states.await("SyncConnected");
    see("same session %b", first.getSessionId() == second.getSessionId());
    see("owner %b", second.exists("/j-resume", false).getEphemeralOwner() == second.getSessionId());
    firstStates.await("Disconnected");
    second.close();
    firstStates.await("Expired");
    ZooKeeper observer = client();
    see("after the close", () -> shape(observer.exists("/j-resume", false)));
    see("the first says", () -> shape(first.exists("/j-resume", false)));
  }

  private void refusedSession() throws Exception {
    ZooKeeper first = client();
    States states = new States();
    ZooKeeper second = new ZooKeeper(hosts, SESSION_TIMEOUT_MS, states, first.getSessionId(), new byte[16]);
    clients.add(second);
    states.await("Expired");
    see("state %s", second.getState());
  }

  private void negotiatedTimeouts() throws Exception {
    for (int wanted : new int[] {1000, 3000, 3600000}) {
      States states = new States();
      ZooKeeper client = new ZooKeeper(hosts, wanted, states);
      clients.add(client);
      states.await("SyncConnected");
      see("%d: %d", wanted, client.getSessionTimeout());
    }
  }

  private void readOnlyClient() throws Exception {
    States states = new States();
    ZooKeeper client = new ZooKeeper(hosts, SESSION_TIMEOUT_MS, states, true);
    clients.add(client);
    states.await("SyncConnected");
    see("state %s", client.getState());
  }

  // Permissions

  private void permissions() throws Exception {
    ZooKeeper owner = client();
    ZooKeeper stranger = client();
    create(owner, "/j-acl", "");
    see("auth without identity", () -> owner.create("/j-acl/n", null, Ids.CREATOR_ALL_ACL, CreateMode.PERSISTENT));
    owner.addAuthInfo("digest", bytes("u:p"));
    see("create", () -> owner.create("/j-acl/n", bytes("mine"), Ids.CREATOR_ALL_ACL, CreateMode.PERSISTENT));
    see("acl", () -> owner.getACL("/j-acl/n", new Stat()).toString().trim());
    see("a stranger reads", () -> text(stranger.getData("/j-acl/n", false, null)));
    see("a stranger lists", () -> stranger.getChildren("/j-acl/n", false));
    see("a stranger asks for the ACL", () -> stranger.getACL("/j-acl/n", new Stat()));
    see("a stranger counts", () -> stranger.getAllChildrenNumber("/j-acl/n"));
    List<ACL> readable = Arrays.asList(
        new ACL(Perms.READ, Ids.ANYONE_ID_UNSAFE), new ACL(Perms.ALL, new Id("digest", "u:Jq7wMyA/w2Vd5WIDAKdu4OIIFEQ=")));
    see("set the ACL", () -> shape(owner.setACL("/j-acl/n", readable, 0)));
    see("a stranger reads", () -> text(stranger.getData("/j-acl/n", false, null)));
    see("a stranger sees no digest", () -> stranger.getACL("/j-acl/n", new Stat()).toString().trim());
    see("who am i", () -> {
      List<String> identities = new ArrayList<>();
      for (ClientInfo info : owner.whoAmI()) identities.add(info.getAuthScheme() + ":" + info.getUser());
      return sorted(identities);
    });
    see("duplicate entries", () -> {
      owner.create("/j-acl/twice", null, Arrays.asList(new ACL(31, Ids.ANYONE_ID_UNSAFE), new ACL(31, Ids.ANYONE_ID_UNSAFE)),
          CreateMode.PERSISTENT);
      return owner.getACL("/j-acl/twice", new Stat()).size();
    });
  }

  private void configuration() throws Exception {
    ZooKeeper client = client();
    Stat stat = new Stat();
    see("config", () -> text(client.getConfig(false, stat)));
    see("stat version %d aversion %d czxid %d", stat.getVersion(), stat.getAversion(), stat.getCzxid());
    see("acl", () -> client.getACL("/zookeeper/config", new Stat()).toString().trim());
    see("set", () -> client.setData("/zookeeper/config", bytes("x"), -1));
    States states = new States();
    try (ZooKeeperAdmin admin = new ZooKeeperAdmin(hosts, SESSION_TIMEOUT_MS, states)) {
      states.await("SyncConnected");
      see("reconfigure", () -> admin.reconfigure((String) null, "3", null, -1, new Stat()));
    }
    see("the root", () -> sorted(client.getChildren("/zookeeper", false)));
  }

  // Recipes

  /**
   * The election of Hadoop's services: the active one holds an ephemeral node that names it and leaves a persistent one that tells who was
   * active last; the others watch the ephemeral node and try again when it is gone.
   */
  private void activeStandbyElection() throws Exception {
    int candidates = 4;
    create(client(), "/j-hdfs", "");
    AtomicInteger active = new AtomicInteger();
    AtomicInteger mostActive = new AtomicInteger();
    List<String> order = Collections.synchronizedList(new ArrayList<>());
    CountDownLatch done = new CountDownLatch(candidates);
    for (int number = 0; number < candidates; number++) {
      ZooKeeper client = client();
      String name = "namenode-" + number;
      new Candidate(client, name, () -> {
        mostActive.accumulateAndGet(active.incrementAndGet(), Math::max);
        order.add(name);
        Thread.sleep(20);
        active.decrementAndGet();
        client.close();
        done.countDown();
        return null;
      }).attempt();
    }
    if (!done.await(WAIT_SECONDS, TimeUnit.SECONDS)) throw new AssertionError("elected until now: " + order);
    see("elected %s, most at once %d", sorted(order), mostActive.get());
    ZooKeeper observer = client();
    see("the last one left its name: %b", order.get(candidates - 1).equals(text(observer.getData("/j-hdfs/breadcrumb", false, null))));
    see("left", () -> sorted(observer.getChildren("/j-hdfs", false)));
  }

  private static final class Candidate implements Watcher {
    private static final ExecutorService WORKERS = Executors.newCachedThreadPool(task -> {
      Thread thread = new Thread(task);
      thread.setDaemon(true);
      return thread;
    });

    private final ZooKeeper client;
    private final String name;
    private final Call whenActive;

    Candidate(ZooKeeper client, String name, Call whenActive) {
      this.client = client;
      this.name = name;
      this.whenActive = whenActive;
    }

    void attempt() {
      client.create("/j-hdfs/lock", bytes(name), Ids.OPEN_ACL_UNSAFE, CreateMode.EPHEMERAL, (rc, path, context, created) -> {
        KeeperException.Code code = KeeperException.Code.get(rc);
        if (code == KeeperException.Code.OK) becomeActive();
        else if (code == KeeperException.Code.NODEEXISTS) watchTheActive();
      }, null);
    }

    private void watchTheActive() {
      client.exists("/j-hdfs/lock", this, (rc, path, context, stat) -> {
        if (rc == KeeperException.Code.NONODE.intValue()) attempt();
      }, null);
    }

    private void becomeActive() {
      WORKERS.submit(() -> {
        Stat stat = client.exists("/j-hdfs/breadcrumb", false);
        if (stat == null) client.create("/j-hdfs/breadcrumb", bytes(name), Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
        else client.setData("/j-hdfs/breadcrumb", bytes(name), stat.getVersion());
        return whenActive.run();
      });
    }

    @Override
    public void process(WatchedEvent event) {
      if (event.getType() == Event.EventType.NodeDeleted) attempt();
    }
  }

  private void leaderElectionSupport() throws Exception {
    create(client(), "/j-leader", "");
    List<LeaderElectionSupport> members = new ArrayList<>();
    for (int number = 0; number < 3; number++) {
      LeaderElectionSupport member = new LeaderElectionSupport();
      member.setZooKeeper(client());
      member.setRootNodeName("/j-leader");
      member.setHostName("host-" + number);
      member.start();
      members.add(member);
    }
    waitUntil(() -> "host-0".equals(members.get(2).getLeaderHostName()), "the first leader");
    members.get(0).stop();
    waitUntil(() -> "host-1".equals(members.get(2).getLeaderHostName()), "the second leader");
    see("%s", members.get(1).getLeaderHostName());
    members.get(1).stop();
    members.get(2).stop();
  }

  private void writeLock() throws Exception {
    create(client(), "/j-lock", "");
    AtomicInteger inside = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    List<WriteLock> locks = new ArrayList<>();
    for (int number = 0; number < 3; number++) locks.add(new WriteLock(client(), "/j-lock", null));
    for (WriteLock lock : locks) lock.lock();
    for (int round = 0; round < locks.size(); round++) {
      WriteLock lock = locks.get(round);
      waitUntil(lock::isOwner, "the lock of number " + round);
      most.accumulateAndGet(inside.incrementAndGet(), Math::max);
      int owners = 0;
      for (WriteLock one : locks) if (one.isOwner()) owners++;
      see("owners %d", owners);
      inside.decrementAndGet();
      lock.unlock();
    }
    see("most inside %d", most.get());
  }

  private void distributedQueue() throws Exception {
    DistributedQueue queue = new DistributedQueue(client(), "/j-queue", null);
    DistributedQueue taker = new DistributedQueue(client(), "/j-queue", null);
    for (String value : new String[] {"a", "b", "c"}) queue.offer(bytes(value));
    see("%s %s %s", text(taker.peek()), text(taker.poll()), text(taker.take()));
    see("%s %s", text(taker.remove()), text(taker.poll()));
    try {
      taker.element();
    } catch (NoSuchElementException error) {
      see("empty");
    }
  }

  // The frame

  private static String quote(String text) {
    StringBuilder quoted = new StringBuilder("\"");
    for (char letter : text.toCharArray()) {
      if (letter == '"' || letter == '\\') quoted.append('\\').append(letter);
      else if (letter < ' ') quoted.append(' ');
      else quoted.append(letter);
    }
    return quoted.append('"').toString();
  }

  private static void run(String hosts, String name, Body body) throws Exception {
    JavaSuite suite = new JavaSuite(hosts);
    ExecutorService runner = Executors.newSingleThreadExecutor(task -> {
      Thread thread = new Thread(task);
      thread.setDaemon(true);
      return thread;
    });
    String detail = "";
    Future<?> future = runner.submit(() -> {
      body.run(suite);
      return null;
    });
    try {
      future.get(CASE_SECONDS, TimeUnit.SECONDS);
    } catch (ExecutionException error) {
      detail = String.valueOf(error.getCause());
    } catch (TimeoutException error) {
      detail = "the case did not end in " + CASE_SECONDS + " s";
    }
    StringBuilder observed = new StringBuilder();
    for (String line : new ArrayList<>(suite.seen)) observed.append(observed.length() == 0 ? "" : ",").append(quote(line));
    System.out.println("{\"name\":" + quote(name) + ",\"ok\":" + detail.isEmpty() + ",\"detail\":" + quote(detail)
        + ",\"observed\":[" + observed + "]}");
    for (ZooKeeper client : new ArrayList<>(suite.clients)) client.close();
    runner.shutdownNow();
  }

  public static void main(String[] arguments) throws Exception {
    String hosts = arguments[0];
    run(hosts, "A50 A51 A52 A53 A54 A55 A57 A258: create, read, change and delete", JavaSuite::nodes);
    run(hosts, "A26 A29 A30 A31: every kind of node", JavaSuite::kinds);
    run(hosts, "A177: empty containers and nodes past their time to live are reaped, and watches are told", JavaSuite::reaping);
    run(hosts, "A13: transactions do all or nothing and tell which part failed", JavaSuite::transactions);
    run(hosts, "A65 A66 A67 A68 A69 A70 A71 A72: one-shot watches are told their events", JavaSuite::oneShotWatches);
    run(hosts, "persistent and recursive watches are told their events", JavaSuite::persistentWatches);
    run(hosts, "A191: removed watches stay silent", JavaSuite::removedWatches);
    run(hosts, "A74 A86: watches of every kind survive a cut connection", JavaSuite::watchesAfterCut);
    run(hosts, "A75 A85: a session resumed elsewhere moves, and its end is told to both", JavaSuite::resumedSession);
    run(hosts, "A75: a session with a wrong password is refused as expired", JavaSuite::refusedSession);
    run(hosts, "A90: the session time-out is clamped to what the server allows", JavaSuite::negotiatedTimeouts);
    run(hosts, "a client that may be read-only gets a full session", JavaSuite::readOnlyClient);
    run(hosts, "A210 A211 A214 A217 A218: identities and permissions", JavaSuite::permissions);
    run(hosts, "A175: the configuration is read, and not changed", JavaSuite::configuration);
    run(hosts, "A21: services elect an active one through an ephemeral node", JavaSuite::activeStandbyElection);
    run(hosts, "Apache's recipe for elections", JavaSuite::leaderElectionSupport);
    run(hosts, "Apache's recipe for locks", JavaSuite::writeLock);
    run(hosts, "Apache's recipe for queues", JavaSuite::distributedQueue);
    System.out.println("{\"done\":true}");
    System.exit(0);
  }
}
