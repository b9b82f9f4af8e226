package io.milepost.waypoint.upstream;

import io.milepost.mesh.IpAddress;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.handler.codec.dns.DatagramDnsQuery;
import io.netty.handler.codec.dns.DatagramDnsQueryDecoder;
import io.netty.handler.codec.dns.DatagramDnsResponse;
import io.netty.handler.codec.dns.DatagramDnsResponseEncoder;
import io.netty.handler.codec.dns.DefaultDnsQuestion;
import io.netty.handler.codec.dns.DefaultDnsRawRecord;
import io.netty.handler.codec.dns.DnsQuestion;
import io.netty.handler.codec.dns.DnsRecordType;
import io.netty.handler.codec.dns.DnsResponseCode;
import io.netty.handler.codec.dns.DnsSection;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/** A name server over UDP on loopback, with what the test puts into it. */
final class TestDnsServer implements AutoCloseable {
    private final Map<String, List<String>> addresses = new ConcurrentHashMap<>();
    private final Map<String, String> aliases = new ConcurrentHashMap<>();
    private final Set<String> silent = ConcurrentHashMap.newKeySet();
    private final Set<String> broken = ConcurrentHashMap.newKeySet();
    final List<String> asked = new CopyOnWriteArrayList<>();
    volatile int ttlSeconds = 30;
    private final Channel channel;

    TestDnsServer(EventLoopGroup loops) throws InterruptedException {
        channel = new Bootstrap()
                .group(loops)
                .channel(NioDatagramChannel.class)
                .handler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel c) {
                        c.pipeline()
                                .addLast(
                                        new DatagramDnsQueryDecoder(), new DatagramDnsResponseEncoder(), new Answers());
                    }
                })
                .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .sync()
                .channel();
    }

    InetSocketAddress address() {
        return (InetSocketAddress) channel.localAddress();
    }

    TestDnsServer has(String name, String... ips) {
        addresses.put(name + ".", List.of(ips));
        return this;
    }

    TestDnsServer alias(String name, String target) {
        aliases.put(name + ".", target + ".");
        return this;
    }

    TestDnsServer silentAbout(String name) {
        silent.add(name + ".");
        return this;
    }

    TestDnsServer failsFor(String name) {
        broken.add(name + ".");
        return this;
    }

    private final class Answers extends SimpleChannelInboundHandler<DatagramDnsQuery> {
        @Override
        protected void channelRead0(ChannelHandlerContext c, DatagramDnsQuery q) {
            DnsQuestion question = q.recordAt(DnsSection.QUESTION);
            String name = question.name();
            asked.add(name + " " + question.type().name());
            if (silent.contains(name)) {
                return;
            }
            DatagramDnsResponse r = new DatagramDnsResponse(q.recipient(), q.sender(), q.id());
            r.setAuthoritativeAnswer(true);
            r.addRecord(DnsSection.QUESTION, new DefaultDnsQuestion(name, question.type()));
            if (broken.contains(name)) {
                r.setCode(DnsResponseCode.SERVFAIL);
            } else if (aliases.containsKey(name)) {
                String target = aliases.get(name);
                r.addRecord(
                        DnsSection.ANSWER,
                        new DefaultDnsRawRecord(name, DnsRecordType.CNAME, ttlSeconds, encoded(target)));
                add(r, target, question.type());
            } else if (addresses.containsKey(name)) {
                add(r, name, question.type());
            } else {
                r.setCode(DnsResponseCode.NXDOMAIN);
            }
            c.writeAndFlush(r);
        }

        private void add(DatagramDnsResponse r, String name, DnsRecordType type) {
            for (String text : addresses.getOrDefault(name, List.of())) {
                IpAddress ip = IpAddress.parse(text).orElseThrow();
                if (type.equals(ip.v6() ? DnsRecordType.AAAA : DnsRecordType.A)) {
                    r.addRecord(
                            DnsSection.ANSWER,
                            new DefaultDnsRawRecord(name, type, ttlSeconds, Unpooled.wrappedBuffer(ip.bytes())));
                }
            }
        }

        private ByteBuf encoded(String name) {
            ByteBuf b = Unpooled.buffer();
            for (String label : name.split("\\.", -1)) {
                b.writeByte(label.length());
                b.writeCharSequence(label, StandardCharsets.US_ASCII);
            }
            return b;
        }
    }

    @Override
    public void close() {
        channel.close().syncUninterruptibly();
    }
}
