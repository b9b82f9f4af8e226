package io.milepost.testbed.ztunnel;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/** A client of a pod's SOCKS5 entry. */
final class Socks {
    private static final int PATIENCE_MILLIS = 20_000;

    private Socks() {}

    /** A connection to {@code host:port} through the entry; host is sent as a name, as curl does. */
    static Socket connect(InetSocketAddress entry, String host, int port) throws IOException {
        Socket socket = new Socket();
        try {
            socket.setSoTimeout(PATIENCE_MILLIS);
            socket.setTcpNoDelay(true);
            socket.connect(entry, PATIENCE_MILLIS);
            DataInputStream in = new DataInputStream(socket.getInputStream());
            OutputStream out = socket.getOutputStream();
            out.write(new byte[] {5, 1, 0});
            if (in.readUnsignedShort() != 0x0500) {
                throw new IOException("the entry does not speak SOCKS5 without authentication");
            }
            byte[] name = host.getBytes(StandardCharsets.US_ASCII);
            byte[] ask = new byte[7 + name.length];
            ask[0] = 5;
            ask[1] = 1;
            ask[3] = 3;
            ask[4] = (byte) name.length;
            System.arraycopy(name, 0, ask, 5, name.length);
            ask[5 + name.length] = (byte) (port >> 8);
            ask[6 + name.length] = (byte) port;
            out.write(ask);
            byte[] answer = new byte[10];
            in.readFully(answer);
            if (answer[1] != 0) {
                throw new IOException("SOCKS5 answer " + answer[1]);
            }
            return socket;
        } catch (IOException e) {
            socket.close();
            throw e;
        }
    }
}
