/*
 * Apache's C client library (libzookeeper_mt) against one server: c_suite <host:port>.
 *
 * Prints one line of JSON for each case: its name (the numbers of the acceptance rows that it pins stand in front), whether it
 * passed, why not, and what it saw. What it saw is compared between servers, so it holds nothing that differs from run to run.
 */
#define _GNU_SOURCE
#define THREADED
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <zookeeper/zookeeper.h>

/* No case may take longer than this; a wait inside a case ends earlier and says what it waited for. */
enum { CASE_SECONDS = 40, WAIT_MS = 15000, SESSION_TIMEOUT_MS = 6000 };

static const char *hosts;
static const char *case_name;
static char observed[65536];
static size_t observed_length;
static char failure[1024];

/* What the current case has seen, as items of a JSON array of strings. */
static void see(const char *format, ...) {
  char item[4096];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(item, sizeof item, format, arguments);
  va_end(arguments);
  observed_length += snprintf(observed + observed_length, sizeof observed - observed_length, "%s\"%s\"",
                              observed_length == 0 ? "" : ",", item);
}

static void fail(const char *format, ...) {
  if (failure[0] != '\0') return;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(failure, sizeof failure, format, arguments);
  va_end(arguments);
}

static void expect_rc(const char *what, int expected, int actual) {
  if (expected != actual) fail("%s: expected %s, got %s", what, zerror(expected), zerror(actual));
}

static void report(void) {
  for (char *at = failure; *at != '\0'; at++)
    if (*at == '"' || *at == '\\' || *at == '\n') *at = ' ';
  printf("{\"name\":\"%s\",\"ok\":%s,\"detail\":\"%s\",\"observed\":[%s]}\n", case_name, failure[0] == '\0' ? "true" : "false",
         failure, observed);
  fflush(stdout);
}

static void too_late(int signal_number) {
  (void)signal_number;
  fail("the case did not end in %d s", CASE_SECONDS);
  report();
  _exit(3);
}

static void sleep_ms(int duration_ms) {
  struct timespec duration = {duration_ms / 1000, (duration_ms % 1000) * 1000000L};
  nanosleep(&duration, NULL);
}

/* Waits until *value is at least `wanted`; the library's threads change it under `lock`. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static int read_locked(const int *value) {
  pthread_mutex_lock(&lock);
  int copy = *value;
  pthread_mutex_unlock(&lock);
  return copy;
}

static int wait_at_least(const int *value, int wanted, const char *what) {
  for (int waited_ms = 0; waited_ms < WAIT_MS; waited_ms += 5) {
    if (read_locked(value) >= wanted) return 1;
    sleep_ms(5);
  }
  fail("waited in vain for %s", what);
  return 0;
}

/* Watch events of one case, as text in the order told. */
struct events {
  int count;
  char text[64][128];
};

static const char *event_name(int type) {
  if (type == ZOO_CREATED_EVENT) return "created";
  if (type == ZOO_DELETED_EVENT) return "deleted";
  if (type == ZOO_CHANGED_EVENT) return "changed";
  if (type == ZOO_CHILD_EVENT) return "child";
  if (type == ZOO_SESSION_EVENT) return "session";
  return "other";
}

static void collect(zhandle_t *zh, int type, int state, const char *path, void *context) {
  (void)zh;
  struct events *events = context;
  if (type == ZOO_SESSION_EVENT) return;
  pthread_mutex_lock(&lock);
  if (events->count < 64) snprintf(events->text[events->count++], 128, "%s %d %s", event_name(type), state, path);
  pthread_mutex_unlock(&lock);
}

static void see_events(struct events *events) {
  for (int index = 0; index < read_locked(&events->count); index++) see("%s", events->text[index]);
}

/* A session's states as they were told to the handle's own watcher. */
struct session {
  zhandle_t *zh;
  int connected;
  int expired;
  int auth_failed;
  int disconnected;
};

static void session_watcher(zhandle_t *zh, int type, int state, const char *path, void *context) {
  (void)zh;
  (void)path;
  struct session *session = context;
  if (type != ZOO_SESSION_EVENT || session == NULL) return;
  pthread_mutex_lock(&lock);
  if (state == ZOO_CONNECTED_STATE) session->connected++;
  else if (state == ZOO_EXPIRED_SESSION_STATE) session->expired++;
  else if (state == ZOO_AUTH_FAILED_STATE) session->auth_failed++;
  else session->disconnected++;
  pthread_mutex_unlock(&lock);
}

static void start(struct session *session, const char *connect_string, int timeout_ms, const clientid_t *identity) {
  memset(session, 0, sizeof *session);
  session->zh = zookeeper_init(connect_string, session_watcher, timeout_ms, identity, session, 0);
}

static zhandle_t *open_session(struct session *session) {
  start(session, hosts, SESSION_TIMEOUT_MS, NULL);
  wait_at_least(&session->connected, 1, "the connection");
  return session->zh;
}

static void see_stat(const char *what, const struct Stat *stat) {
  see("%s: version %d cversion %d aversion %d dataLength %d numChildren %d ephemeral %d mzxid+%lld pzxid+%lld", what, stat->version,
      stat->cversion, stat->aversion, stat->dataLength, stat->numChildren, stat->ephemeralOwner != 0,
      (long long)(stat->mzxid - stat->czxid), (long long)(stat->pzxid - stat->czxid));
}

static int compare_names(const void *left, const void *right) { return strcmp(*(char *const *)left, *(char *const *)right); }

static void see_children(const char *what, struct String_vector *names) {
  char line[2048] = "";
  qsort(names->data, names->count, sizeof(char *), compare_names);
  for (int index = 0; index < names->count; index++) {
    strncat(line, " ", sizeof line - strlen(line) - 1);
    strncat(line, names->data[index], sizeof line - strlen(line) - 1);
  }
  see("%s:%s", what, line);
}

static void make_parent(zhandle_t *zh, const char *path) {
  int rc = zoo_create(zh, path, "", 0, &ZOO_OPEN_ACL_UNSAFE, ZOO_PERSISTENT, NULL, 0);
  if (rc != ZNODEEXISTS) expect_rc(path, ZOK, rc);
}

/* The synchronous calls */

static void sync_calls(void) {
  struct session session;
  zhandle_t *zh = open_session(&session);
  char path[128], data[128];
  int length = sizeof data;
  struct Stat stat;
  struct String_vector names;

  make_parent(zh, "/c-sync");
  see("create: %d %s", zoo_create(zh, "/c-sync/n", "one", 3, &ZOO_OPEN_ACL_UNSAFE, 0, path, sizeof path), path);
  see("again: %s", zerror(zoo_create(zh, "/c-sync/n", "", 0, &ZOO_OPEN_ACL_UNSAFE, 0, NULL, 0)));
  expect_rc("get", ZOK, zoo_get(zh, "/c-sync/n", 0, data, &length, &stat));
  see("get: %.*s", length, data);
  see_stat("get", &stat);
  expect_rc("set2", ZOK, zoo_set2(zh, "/c-sync/n", "three", 5, 0, &stat));
  see_stat("set", &stat);
  see("set with an old version: %s", zerror(zoo_set(zh, "/c-sync/n", "x", 1, 0)));
  expect_rc("exists", ZOK, zoo_exists(zh, "/c-sync/n", 0, &stat));
  see_stat("exists", &stat);
  expect_rc("null data", ZOK, zoo_create(zh, "/c-sync/null", NULL, -1, &ZOO_OPEN_ACL_UNSAFE, 0, NULL, 0));
  length = sizeof data;
  expect_rc("get null", ZOK, zoo_get(zh, "/c-sync/null", 0, data, &length, &stat));
  see("null data has length %d", length);
  expect_rc("children", ZOK, zoo_get_children(zh, "/c-sync", 0, &names));
  see_children("children", &names);
  deallocate_String_vector(&names);
  expect_rc("children2", ZOK, zoo_get_children2(zh, "/c-sync", 0, &names, &stat));
  see_children("children2", &names);
  see_stat("children2", &stat);
  deallocate_String_vector(&names);
  see("delete with children: %s", zerror(zoo_delete(zh, "/c-sync", -1)));
  see("delete with an old version: %s", zerror(zoo_delete(zh, "/c-sync/n", 0)));
  see("delete: %s", zerror(zoo_delete(zh, "/c-sync/n", 1)));
  see("gone: %s", zerror(zoo_exists(zh, "/c-sync/n", 0, &stat)));
  length = sizeof data;
  see("get gone: %s", zerror(zoo_get(zh, "/c-sync/n", 0, data, &length, &stat)));
  see("set gone: %s", zerror(zoo_set(zh, "/c-sync/n", "", 0, -1)));
  see("delete gone: %s", zerror(zoo_delete(zh, "/c-sync/n", -1)));
  see("child of gone: %s", zerror(zoo_create(zh, "/c-sync/n/x", "", 0, &ZOO_OPEN_ACL_UNSAFE, 0, NULL, 0)));
  zookeeper_close(zh);
}

static void create_modes(void) {
  struct session session;
  zhandle_t *zh = open_session(&session);
  const struct {
    const char *path;
    int mode;
    int64_t ttl;
  } kinds[] = {
      {"/c-modes/p", ZOO_PERSISTENT, -1},
      {"/c-modes/e", ZOO_EPHEMERAL, -1},
      {"/c-modes/s-", ZOO_PERSISTENT_SEQUENTIAL, -1},
      {"/c-modes/es-", ZOO_EPHEMERAL_SEQUENTIAL, -1},
      {"/c-modes/box", ZOO_CONTAINER, -1},
      {"/c-modes/t", ZOO_PERSISTENT_WITH_TTL, 60000},
      {"/c-modes/ts-", ZOO_PERSISTENT_SEQUENTIAL_WITH_TTL, 60000},
  };
  make_parent(zh, "/c-modes");
  for (size_t index = 0; index < sizeof kinds / sizeof kinds[0]; index++) {
    char path[128] = "";
    struct Stat stat;
    int rc = zoo_create2_ttl(zh, kinds[index].path, "x", 1, &ZOO_OPEN_ACL_UNSAFE, kinds[index].mode, kinds[index].ttl, path,
                             sizeof path, &stat);
    see("%s: %s %s", kinds[index].path, zerror(rc), path);
    if (rc == ZOK) see_stat(kinds[index].path, &stat);
  }
  see("child of an ephemeral node: %s", zerror(zoo_create(zh, "/c-modes/e/x", "", 0, &ZOO_OPEN_ACL_UNSAFE, 0, NULL, 0)));
  zookeeper_close(zh);
}

static void large_data(void) {
  struct session session;
  zhandle_t *zh = open_session(&session);
  int size = 1000000, length = 1100000;
  char *data = malloc(size), *back = malloc(length);
  struct Stat stat;
  for (int index = 0; index < size; index++) data[index] = (char)(index * 31 + index / 256);
  make_parent(zh, "/c-large");
  expect_rc("create", ZOK, zoo_create(zh, "/c-large/n", data, size, &ZOO_OPEN_ACL_UNSAFE, 0, NULL, 0));
  expect_rc("get", ZOK, zoo_get(zh, "/c-large/n", 0, back, &length, &stat));
  see("%d bytes, %s", length, length == size && memcmp(data, back, size) == 0 ? "the same" : "different");
  free(data);
  free(back);
  zookeeper_close(zh);
}

static void chroot_paths(void) {
  struct session plain, inside;
  zhandle_t *outer = open_session(&plain);
  make_parent(outer, "/c-chroot");
  char connect_string[256], path[128];
  snprintf(connect_string, sizeof connect_string, "%s/c-chroot", hosts);
  start(&inside, connect_string, SESSION_TIMEOUT_MS, NULL);
  wait_at_least(&inside.connected, 1, "the connection");
  expect_rc("create", ZOK, zoo_create(inside.zh, "/n-", "", 0, &ZOO_OPEN_ACL_UNSAFE, ZOO_PERSISTENT_SEQUENTIAL, path, sizeof path));
  see("inside: %s", path);
  struct Stat stat;
  see("outside: %s", zerror(zoo_exists(outer, "/c-chroot/n-0000000000", 0, &stat)));
  zookeeper_close(inside.zh);
  zookeeper_close(outer);
}

/* The asynchronous calls */

enum { PIPELINED = 500 };

struct completions {
  int done;
  int errors;
  int out_of_order;
  int last;
};

static struct completions completions;

static void complete(int rc, int number) {
  pthread_mutex_lock(&lock);
  if (rc != ZOK) completions.errors++;
  if (number <= completions.last) completions.out_of_order++;
  completions.last = number;
  completions.done++;
  pthread_mutex_unlock(&lock);
}

static void created(int rc, const char *value, const void *data) {
  (void)value;
  complete(rc, (int)(intptr_t)data);
}

static void changed(int rc, const struct Stat *stat, const void *data) {
  (void)stat;
  complete(rc, (int)(intptr_t)data);
}

static void got(int rc, const char *value, int length, const struct Stat *stat, const void *data) {
  (void)value;
  (void)length;
  (void)stat;
  complete(rc, (int)(intptr_t)data);
}

static void listed(int rc, const struct String_vector *names, const void *data) {
  (void)names;
  complete(rc, (int)(intptr_t)data);
}

static void finished(int rc, const void *data) { complete(rc, (int)(intptr_t)data); }

static void synced(int rc, const char *value, const void *data) {
  (void)value;
  complete(rc, (int)(intptr_t)data);
}

static void async_calls(void) {
  struct session session;
  zhandle_t *zh = open_session(&session);
  memset(&completions, 0, sizeof completions);
  completions.last = -1;
  make_parent(zh, "/c-async");
  int number = 0;
  for (int index = 0; index < PIPELINED; index++) {
    char path[64];
    snprintf(path, sizeof path, "/c-async/n%d", index);
    zoo_acreate(zh, path, "0", 1, &ZOO_OPEN_ACL_UNSAFE, 0, created, (void *)(intptr_t)number++);
    zoo_aset(zh, path, "1", 1, 0, changed, (void *)(intptr_t)number++);
    zoo_aget(zh, path, 0, got, (void *)(intptr_t)number++);
    zoo_aexists(zh, path, 0, changed, (void *)(intptr_t)number++);
    zoo_aget_children(zh, path, 0, listed, (void *)(intptr_t)number++);
    if (index % 2 == 0) zoo_adelete(zh, path, 1, finished, (void *)(intptr_t)number++);
    if (index % 50 == 0) zoo_async(zh, path, synced, (void *)(intptr_t)number++);
  }
  wait_at_least(&completions.done, number, "all completions");
  struct String_vector names;
  expect_rc("children", ZOK, zoo_get_children(zh, "/c-async", 0, &names));
  see("%d sent, %d done, %d failed, %d out of order, %d nodes left", number, completions.done, completions.errors,
      completions.out_of_order, names.count);
  deallocate_String_vector(&names);
  zookeeper_close(zh);
}

/* Watches */

static void watches(void) {
  struct session watching, changing;
  zhandle_t *zh = open_session(&watching), *other = open_session(&changing);
  struct events data = {0}, exist = {0}, child = {0};
  struct Stat stat;
  struct String_vector names;
  char buffer[16];
  int length = sizeof buffer;

  make_parent(other, "/c-watch");
  see("missing: %s", zerror(zoo_wexists(zh, "/c-watch/n", collect, &exist, &stat)));
  expect_rc("children", ZOK, zoo_wget_children(zh, "/c-watch", collect, &child, &names));
  deallocate_String_vector(&names);
  make_parent(other, "/c-watch/n");
  wait_at_least(&exist.count, 1, "the creation");
  wait_at_least(&child.count, 1, "the change of children");
  expect_rc("get", ZOK, zoo_wget(zh, "/c-watch/n", collect, &data, buffer, &length, &stat));
  expect_rc("set", ZOK, zoo_set(other, "/c-watch/n", "1", 1, -1));
  wait_at_least(&data.count, 1, "the change of data");
  expect_rc("set again", ZOK, zoo_set(other, "/c-watch/n", "2", 1, -1));
  length = sizeof buffer;
  expect_rc("get", ZOK, zoo_wget(zh, "/c-watch/n", collect, &data, buffer, &length, &stat));
  expect_rc("children", ZOK, zoo_wget_children(zh, "/c-watch/n", collect, &child, &names));
  deallocate_String_vector(&names);
  expect_rc("delete", ZOK, zoo_delete(other, "/c-watch/n", -1));
  wait_at_least(&data.count, 2, "the deletion");
  wait_at_least(&child.count, 2, "the deletion to the child watch");
  see_events(&exist);
  see_events(&data);
  see_events(&child);
  zookeeper_close(zh);
  zookeeper_close(other);
}

static void remove_watches(void) {
  struct session watching, changing;
  zhandle_t *zh = open_session(&watching), *other = open_session(&changing);
  struct events removed = {0}, kept = {0};
  struct Stat stat;
  struct String_vector names;
  make_parent(other, "/c-remove");
  expect_rc("exists", ZOK, zoo_wexists(zh, "/c-remove", collect, &removed, &stat));
  expect_rc("children", ZOK, zoo_wget_children(zh, "/c-remove", collect, &kept, &names));
  deallocate_String_vector(&names);
  see("remove: %s", zerror(zoo_remove_all_watches(zh, "/c-remove", ZWATCHTYPE_DATA, 0)));
  see("remove what is not there: %s", zerror(zoo_remove_all_watches(zh, "/c-remove", ZWATCHTYPE_DATA, 0)));
  expect_rc("set", ZOK, zoo_set(other, "/c-remove", "1", 1, -1));
  make_parent(other, "/c-remove/n");
  wait_at_least(&kept.count, 1, "the change of children");
  see("%d events of the removed watch", read_locked(&removed.count));
  see_events(&kept);
  zookeeper_close(zh);
  zookeeper_close(other);
}

/* Transactions */

static void transactions(void) {
  struct session session;
  zhandle_t *zh = open_session(&session);
  zoo_op_t ops[5];
  zoo_op_result_t results[5];
  char first[64] = "", second[64] = "";
  struct Stat stat;
  struct String_vector names;

  make_parent(zh, "/c-multi");
  zoo_create_op_init(&ops[0], "/c-multi/a", "1", 1, &ZOO_OPEN_ACL_UNSAFE, 0, first, sizeof first);
  zoo_create_op_init(&ops[1], "/c-multi/s-", "", 0, &ZOO_OPEN_ACL_UNSAFE, ZOO_PERSISTENT_SEQUENTIAL, second, sizeof second);
  zoo_set_op_init(&ops[2], "/c-multi/a", "22", 2, 0, &stat);
  zoo_check_op_init(&ops[3], "/c-multi/a", 1);
  zoo_delete_op_init(&ops[4], "/c-multi/a", 1);
  see("good: %s", zerror(zoo_multi(zh, 5, ops, results)));
  for (int index = 0; index < 5; index++) see("part %d: %s", index, zerror(results[index].err));
  see("paths: %s %s", first, second);
  see_stat("set in it", &stat);

  zoo_create_op_init(&ops[0], "/c-multi/b", "", 0, &ZOO_OPEN_ACL_UNSAFE, 0, first, sizeof first);
  zoo_check_op_init(&ops[1], "/c-multi", 99);
  zoo_delete_op_init(&ops[2], "/c-multi/b", -1);
  see("bad: %s", zerror(zoo_multi(zh, 3, ops, results)));
  for (int index = 0; index < 3; index++) see("part %d: %s", index, zerror(results[index].err));
  expect_rc("children", ZOK, zoo_get_children(zh, "/c-multi", 0, &names));
  see_children("left", &names);
  deallocate_String_vector(&names);
  zookeeper_close(zh);
}

/* Sessions */

static void ephemerals(void) {
  struct session owner, observer;
  zhandle_t *zh = open_session(&owner), *other = open_session(&observer);
  struct events events = {0};
  struct Stat stat;
  make_parent(zh, "/c-ephemeral");
  expect_rc("create", ZOK, zoo_create(zh, "/c-ephemeral/e", "", 0, &ZOO_OPEN_ACL_UNSAFE, ZOO_EPHEMERAL, NULL, 0));
  expect_rc("exists", ZOK, zoo_wexists(other, "/c-ephemeral/e", collect, &events, &stat));
  see("owner is the session: %d", stat.ephemeralOwner == zoo_client_id(zh)->client_id);
  zookeeper_close(zh);
  wait_at_least(&events.count, 1, "the deletion");
  see_events(&events);
  see("after the close: %s", zerror(zoo_exists(other, "/c-ephemeral/e", 0, &stat)));
  zookeeper_close(other);
}

static void resume(void) {
  int channel[2];
  if (pipe(channel) != 0) fail("no pipe");
  pid_t child = fork();
  if (child == 0) {
    /* This process vanishes without closing its session. */
    struct session session;
    zhandle_t *zh = open_session(&session);
    make_parent(zh, "/c-resume");
    zoo_create(zh, "/c-resume/e", "mine", 4, &ZOO_OPEN_ACL_UNSAFE, ZOO_EPHEMERAL, NULL, 0);
    clientid_t identity = *zoo_client_id(zh);
    ssize_t written = write(channel[1], &identity, sizeof identity);
    _exit(written == (ssize_t)sizeof identity ? 0 : 1);
  }
  int status = -1;
  clientid_t identity;
  waitpid(child, &status, 0);
  if (status != 0 || read(channel[0], &identity, sizeof identity) != (ssize_t)sizeof identity) {
    fail("the first process failed");
    return;
  }
  struct session session;
  start(&session, hosts, SESSION_TIMEOUT_MS, &identity);
  if (wait_at_least(&session.connected, 1, "the connection")) {
    struct Stat stat;
    see("the same session: %d", zoo_client_id(session.zh)->client_id == identity.client_id);
    see("its node: %s", zerror(zoo_exists(session.zh, "/c-resume/e", 0, &stat)));
    see("owned by it: %d", stat.ephemeralOwner == identity.client_id);
  }
  zookeeper_close(session.zh);
  struct session observer;
  struct Stat stat;
  see("after the close: %s", zerror(zoo_exists(open_session(&observer), "/c-resume/e", 0, &stat)));
  zookeeper_close(observer.zh);
}

static void refused_session(void) {
  struct session first, second;
  zhandle_t *zh = open_session(&first);
  clientid_t identity = *zoo_client_id(zh);
  memset(identity.passwd, 1, sizeof identity.passwd);
  start(&second, hosts, SESSION_TIMEOUT_MS, &identity);
  wait_at_least(&second.expired, 1, "the refusal");
  struct Stat stat;
  see("%s", zerror(zoo_exists(second.zh, "/", 0, &stat)));
  zookeeper_close(second.zh);
  zookeeper_close(zh);
}

static void negotiated_timeouts(void) {
  const int wanted[] = {500, 3000, 3600000};
  for (int index = 0; index < 3; index++) {
    struct session session;
    start(&session, hosts, wanted[index], NULL);
    wait_at_least(&session.connected, 1, "the connection");
    see("%d: %d", wanted[index], zoo_recv_timeout(session.zh));
    zookeeper_close(session.zh);
  }
}

/* Permissions */

static int auth_rc;
static int auth_done;

static void authenticated(int rc, const void *data) {
  (void)data;
  pthread_mutex_lock(&lock);
  auth_rc = rc;
  auth_done++;
  pthread_mutex_unlock(&lock);
}

static void add_auth(zhandle_t *zh, const char *scheme, const char *secret) {
  int before = read_locked(&auth_done);
  zoo_add_auth(zh, scheme, secret, (int)strlen(secret), authenticated, NULL);
  wait_at_least(&auth_done, before + 1, "the answer to auth");
}

static void permissions(void) {
  struct session mine, theirs;
  zhandle_t *owner = open_session(&mine), *stranger = open_session(&theirs);
  char buffer[64];
  int length = sizeof buffer;
  struct Stat stat;
  struct ACL_vector acl;

  make_parent(owner, "/c-acl");
  see("auth without identity: %s", zerror(zoo_create(owner, "/c-acl/n", "", 0, &ZOO_CREATOR_ALL_ACL, 0, NULL, 0)));
  add_auth(owner, "digest", "u:p");
  see("auth: %s", zerror(auth_rc));
  expect_rc("create", ZOK, zoo_create(owner, "/c-acl/n", "mine", 4, &ZOO_CREATOR_ALL_ACL, 0, NULL, 0));
  expect_rc("get_acl", ZOK, zoo_get_acl(owner, "/c-acl/n", &acl, &stat));
  for (int index = 0; index < acl.count; index++)
    see("acl: %d %s %s", acl.data[index].perms, acl.data[index].id.scheme, acl.data[index].id.id);
  deallocate_ACL_vector(&acl);
  see("a stranger reads: %s", zerror(zoo_get(stranger, "/c-acl/n", 0, buffer, &length, &stat)));
  see("a stranger writes: %s", zerror(zoo_set(stranger, "/c-acl/n", "", 0, -1)));
  see("a stranger administers: %s", zerror(zoo_set_acl(stranger, "/c-acl/n", -1, &ZOO_OPEN_ACL_UNSAFE)));
  see("read for all, old version: %s", zerror(zoo_set_acl(owner, "/c-acl/n", 5, &ZOO_READ_ACL_UNSAFE)));
  see("read for all: %s", zerror(zoo_set_acl(owner, "/c-acl/n", 0, &ZOO_READ_ACL_UNSAFE)));
  length = sizeof buffer;
  see("a stranger reads: %s", zerror(zoo_get(stranger, "/c-acl/n", 0, buffer, &length, &stat)));
  see_stat("then", &stat);
  see("nobody writes: %s", zerror(zoo_set(owner, "/c-acl/n", "", 0, -1)));
  zookeeper_close(owner);
  zookeeper_close(stranger);
}

static void failed_auth(void) {
  struct session session;
  zhandle_t *zh = open_session(&session);
  add_auth(zh, "nosuch", "x");
  wait_at_least(&session.auth_failed, 1, "the state");
  see("%s, unrecoverable: %d", zerror(auth_rc), is_unrecoverable(zh) != ZOK);
  zookeeper_close(zh);
}

static void configuration(void) {
  struct session session;
  zhandle_t *zh = open_session(&session);
  char buffer[1024];
  int length = sizeof buffer;
  struct Stat stat;
  see("config: %s", zerror(zoo_getconfig(zh, 0, buffer, &length, &stat)));
  see("length %d", length);
  length = sizeof buffer;
  see("reconfig: %s", zerror(zoo_reconfig(zh, NULL, "3", NULL, -1, buffer, &length, &stat)));
  zookeeper_close(zh);
}

static const struct {
  const char *name;
  void (*run)(void);
} cases[] = {
    {"A50 A51 A52 A53 A54 A55 A56 A57: the synchronous calls", sync_calls},
    {"A26 A29 A30 A31 A177: every kind of node", create_modes},
    {"A16 A24: a megabyte of data comes back", large_data},
    {"a chroot is in front of every path", chroot_paths},
    {"A5 A12 A87: asynchronous calls complete in the order sent", async_calls},
    {"A65 A66 A68 A69 A70 A71 A72: data, exist and child watches are told their events", watches},
    {"A191: a removed watch stays silent", remove_watches},
    {"A13: a transaction does all or nothing and tells which part failed", transactions},
    {"A28 A85: an ephemeral node goes when its session closes", ephemerals},
    {"a session is resumed by another process with its id and password", resume},
    {"A75: a session with a wrong password is refused as expired", refused_session},
    {"A90: the session time-out is clamped to what the server allows", negotiated_timeouts},
    {"A210 A211 A212 A214 A217: identities and permissions", permissions},
    {"A76: an unknown scheme of authentication fails", failed_auth},
    {"A175: the configuration is read, and not changed", configuration},
};

int main(int argc, char **argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: c_suite <host:port>\n");
    return 2;
  }
  hosts = argv[1];
  signal(SIGALRM, too_late);
  zoo_set_debug_level(ZOO_LOG_LEVEL_ERROR);
  for (size_t index = 0; index < sizeof cases / sizeof cases[0]; index++) {
    case_name = cases[index].name;
    observed_length = 0;
    observed[0] = failure[0] = '\0';
    alarm(CASE_SECONDS);
    cases[index].run();
    alarm(0);
    report();
  }
  printf("{\"done\":true}\n");
  return 0;
}
