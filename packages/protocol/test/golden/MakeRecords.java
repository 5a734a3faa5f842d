// Writes one line for each record of the protocol, as Apache's own classes encode it:
//
//   <record> <bytes in hex> <what is in it: numbers, texts, counts, one after the other, as JSON>
//
// javac -cp zookeeper.jar MakeRecords.java && java -cp zookeeper.jar:. MakeRecords > records.txt

import java.io.ByteArrayOutputStream;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.apache.jute.BinaryOutputArchive;
import org.apache.jute.Record;

public class MakeRecords {
    static final String[] NAMES = {
        "data.ACL", "data.Stat", "data.StatPersisted", "data.ClientInfo",
        "proto.ConnectRequest", "proto.ConnectResponse", "proto.RequestHeader", "proto.ReplyHeader", "proto.MultiHeader",
        "proto.WatcherEvent", "proto.AuthPacket", "proto.GetSASLRequest", "proto.SetSASLRequest", "proto.SetSASLResponse",
        "proto.CreateRequest", "proto.CreateTTLRequest", "proto.DeleteRequest", "proto.ExistsRequest", "proto.GetDataRequest",
        "proto.SetDataRequest", "proto.GetACLRequest", "proto.SetACLRequest", "proto.GetChildrenRequest",
        "proto.GetChildren2Request", "proto.GetAllChildrenNumberRequest", "proto.GetEphemeralsRequest", "proto.SyncRequest",
        "proto.CheckVersionRequest", "proto.ReconfigRequest", "proto.AddWatchRequest", "proto.CheckWatchesRequest",
        "proto.RemoveWatchesRequest", "proto.SetWatches", "proto.SetWatches2", "proto.GetMaxChildrenRequest",
        "proto.SetMaxChildrenRequest", "proto.CreateResponse", "proto.Create2Response", "proto.ExistsResponse",
        "proto.GetDataResponse", "proto.SetDataResponse", "proto.GetACLResponse", "proto.SetACLResponse",
        "proto.GetChildrenResponse", "proto.GetChildren2Response", "proto.GetAllChildrenNumberResponse",
        "proto.GetEphemeralsResponse", "proto.SyncResponse", "proto.WhoAmIResponse", "proto.ErrorResponse",
        "proto.GetMaxChildrenResponse", "proto.DeleteContainerRequest",
        "txn.TxnHeader", "txn.TxnDigest", "txn.CreateTxn", "txn.CreateTxnV0", "txn.CreateContainerTxn", "txn.CreateTTLTxn",
        "txn.DeleteTxn", "txn.SetDataTxn", "txn.SetACLTxn", "txn.CheckVersionTxn", "txn.CreateSessionTxn",
        "txn.CloseSessionTxn", "txn.ErrorTxn", "txn.Txn", "txn.MultiTxn", "txn.SetMaxChildrenTxn",
        "server.persistence.FileHeader",
        "data.Id", "server.quorum.QuorumPacket", "server.quorum.LearnerInfo", "server.quorum.QuorumAuthPacket",
    };

    static int counter = 0;

    public static void main(String[] arguments) throws Exception {
        for (String name : NAMES) {
            Class<?> type = find(name);
            if (type == null) {
                System.err.println("no class " + name);
                continue;
            }
            for (boolean isBare : new boolean[] {false, true}) {
                List<String> leaves = new ArrayList<>();
                Object record = fill(type, isBare, leaves);
                ByteArrayOutputStream bytes = new ByteArrayOutputStream();
                ((Record) record).serialize(BinaryOutputArchive.getArchive(bytes), "record");
                System.out.println(type.getSimpleName() + " " + hex(bytes.toByteArray()) + " [" + String.join(",", leaves) + "]");
            }
        }
    }

    static Class<?> find(String name) {
        try {
            return Class.forName("org.apache.zookeeper." + name);
        } catch (ClassNotFoundException absent) {
            return null;
        }
    }

    static Object fill(Class<?> type, boolean isBare, List<String> leaves) throws Exception {
        Object record = type.getDeclaredConstructor().newInstance();
        for (Field field : type.getDeclaredFields()) {
            if (Modifier.isStatic(field.getModifiers())) continue;
            field.setAccessible(true);
            field.set(record, value(field, isBare, leaves));
        }
        return record;
    }

    static Object value(Field field, boolean isBare, List<String> leaves) throws Exception {
        Class<?> type = field.getType();
        counter++;
        if (type == int.class) {
            int number = isBare ? -1 : 1000000000 + counter;
            leaves.add(String.valueOf(number));
            return number;
        }
        if (type == long.class) {
            boolean usesAllBits = field.getName().matches("sessionId|clientId|ephemeralOwner|dbid|treeDigest");
            long number = isBare ? -1 : (usesAllBits ? 0x8123456789abcd00L : 0x1a2b3c4d5e000L) + counter;
            leaves.add("\"" + number + "\"");
            return number;
        }
        if (type == boolean.class) {
            leaves.add(String.valueOf(!isBare));
            return !isBare;
        }
        if (type == String.class) return isBare ? none(leaves) : text("/t\u00e9xt\u20ac", leaves);
        if (type == byte[].class && field.getName().equals("path")) {
            return isBare ? none(leaves) : text("/p", leaves).getBytes(StandardCharsets.UTF_8);
        }
        if (type == byte[].class) {
            if (isBare) return none(leaves);
            byte[] bytes = {0, -1, 127, (byte) counter};
            leaves.add("\"" + hex(bytes) + "\"");
            return bytes;
        }
        if (type == List.class) {
            if (isBare) return none(leaves);
            Class<?> element = (Class<?>) ((ParameterizedType) field.getGenericType()).getActualTypeArguments()[0];
            List<Object> elements = new ArrayList<>();
            leaves.add("2");
            for (int i = 0; i < 2; i++) elements.add(element == String.class ? text("child", leaves) : fill(element, false, leaves));
            return elements;
        }
        return fill(type, false, leaves);
    }

    static Object none(List<String> leaves) {
        leaves.add("null");
        return null;
    }

    static String text(String prefix, List<String> leaves) {
        String text = prefix + counter + "-" + leaves.size();
        leaves.add("\"" + text + "\"");
        return text;
    }

    static String hex(byte[] bytes) {
        StringBuilder hex = new StringBuilder();
        for (byte one : bytes) hex.append(String.format("%02x", one));
        return hex.toString();
    }
}
