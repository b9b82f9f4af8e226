package io.milepost.bench.load;

import io.netty.buffer.ByteBuf;
import io.netty.util.ByteProcessor;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** HTTP/1.1 with keep-alive, one request at a time; answers have a content-length. */
public class Http1Wire extends Wire {
    private static final byte[] LENGTH = "content-length:".getBytes(StandardCharsets.US_ASCII);
    private static final int MAX_HEAD = 16 * 1024;

    private final List<ByteBuf> requests;
    private final long requestBytes;
    private int next;
    private long token;
    private boolean waiting;
    /** Bytes of the body that are still to come; negative while the head is read. */
    private long body = -1;

    private boolean good;
    private final byte[] head = new byte[MAX_HEAD];
    private int headLength;

    /** The requests are sent in turn. */
    public Http1Wire(Listener listener, List<ByteBuf> requests, long requestBytes) {
        super(listener);
        this.requests = requests;
        this.requestBytes = requestBytes;
    }

    @Override
    public long requestBytes() {
        return requestBytes;
    }

    /** Where this wire begins in the list, so that not all connections send the same at the same time. */
    public Http1Wire startingAt(int index) {
        next = index % requests.size();
        return this;
    }

    @Override
    public void send(long value) {
        token = value;
        waiting = true;
        ByteBuf request = requests.get(next);
        next = next + 1 == requests.size() ? 0 : next + 1;
        write(request.duplicate());
    }

    @Override
    protected void received(ByteBuf data) {
        while (data.isReadable()) {
            if (!waiting) {
                throw new IllegalStateException("bytes without a request: " + data.toString(StandardCharsets.US_ASCII));
            }
            if (body < 0 && !readHead(data)) {
                return;
            }
            int taken = (int) Math.min(body, data.readableBytes());
            data.skipBytes(taken);
            body -= taken;
            if (body == 0) {
                body = -1;
                waiting = false;
                answered(token, good);
            }
        }
    }

    /** True once {@link #body} is known and {@code data} stands behind the head. */
    private boolean readHead(ByteBuf data) {
        int start = data.readerIndex();
        int end = endOfHead(data);
        int take = (end < 0 ? data.writerIndex() : end) - start;
        if (headLength + take > MAX_HEAD) {
            throw new IllegalStateException("the head of an answer is larger than " + MAX_HEAD + " bytes");
        }
        data.readBytes(head, headLength, take);
        headLength += take;
        if (end < 0) {
            return false;
        }
        good = head[9] == '2';
        body = contentLength();
        headLength = 0;
        return true;
    }

    /** Index behind the empty line; -1 when it has not come yet. The line feeds before it may be in {@link #head}. */
    private int endOfHead(ByteBuf data) {
        int from = data.readerIndex();
        while (true) {
            int lf = data.forEachByte(from, data.writerIndex() - from, ByteProcessor.FIND_LF);
            if (lf < 0) {
                return -1;
            }
            if (before(data, lf, 1) == '\r' && before(data, lf, 2) == '\n') {
                return lf + 1;
            }
            from = lf + 1;
        }
    }

    private int before(ByteBuf data, int index, int distance) {
        int at = index - distance;
        if (at >= data.readerIndex()) {
            return data.getByte(at);
        }
        int inHead = headLength - (data.readerIndex() - at);
        return inHead >= 0 ? head[inHead] : 0;
    }

    private long contentLength() {
        for (int i = 0; i + LENGTH.length < headLength; i++) {
            if (head[i] == '\n' && matches(i + 1)) {
                long value = 0;
                for (int j = i + 1 + LENGTH.length; j < headLength && head[j] != '\r'; j++) {
                    if (head[j] != ' ') {
                        value = value * 10 + (head[j] - '0');
                    }
                }
                return value;
            }
        }
        throw new IllegalStateException(
                "an answer without content-length: " + new String(head, 0, headLength, StandardCharsets.US_ASCII));
    }

    private boolean matches(int at) {
        for (int k = 0; k < LENGTH.length; k++) {
            if (at + k >= headLength || (head[at + k] | 0x20) != (LENGTH[k] | 0x20)) {
                return false;
            }
        }
        return true;
    }
}
