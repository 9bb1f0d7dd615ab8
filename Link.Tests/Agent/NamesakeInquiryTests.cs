using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Link.Core.Agent;
using Xunit;

namespace Link.Tests.Agent;

public sealed class NamesakeInquiryTests
{
    private static readonly Uri Etcd = new("http://127.0.0.1:2379");
    private static readonly string Instance = Guid.NewGuid().ToString();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_instance_that_lives_answers_and_no_other_is_taken_for_it()
    {
        await using var inquiry = new NamesakeInquiry(Instance);
        string reach = (await inquiry.ListenAsync(Etcd, Cancel))!;
        Assert.StartsWith("127.0.0.1:", reach, StringComparison.Ordinal);
        Assert.Equal(reach, await inquiry.ListenAsync(Etcd, Cancel));
        Assert.True(await NamesakeInquiry.AskAsync(Instance, reach, Cancel));
        Assert.False(await NamesakeInquiry.AskAsync(Guid.NewGuid().ToString(), reach, Cancel));
    }

    [Fact]
    public async Task An_agent_that_has_ended_does_not_answer()
    {
        string reach;
        await using (var inquiry = new NamesakeInquiry(Instance))
            reach = (await inquiry.ListenAsync(Etcd, Cancel))!;
        Assert.False(await NamesakeInquiry.AskAsync(Instance, reach, Cancel));
    }

    [Fact]
    public async Task A_service_that_only_echoes_proves_nothing()
    {
        using var echo = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        echo.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        Task echoing = EchoAsync(echo, stop.Token);
        Assert.False(await NamesakeInquiry.AskAsync(Instance, echo.LocalEndPoint!.ToString()!, Cancel));
        await stop.CancelAsync();
        await echoing;
    }

    [Fact]
    public async Task Hostile_datagrams_are_not_answered_and_do_not_end_the_answering()
    {
        await using var inquiry = new NamesakeInquiry(Instance);
        IPEndPoint at = IPEndPoint.Parse((await inquiry.ListenAsync(Etcd, Cancel))!);
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(at, Cancel);
        byte[] right = NamesakeMessage.Question(RandomNumberGenerator.GetBytes(NamesakeMessage.NonceLength), Instance);
        var random = new Random(1);
        for (int i = 0; i < 30; i++)
        {
            byte[] wrong = new byte[random.Next(1, 1_500)];
            random.NextBytes(wrong);
            byte[] almost = [.. right[..^1], (byte)(right[^1] + 1)];
            await socket.SendAsync(i % 2 == 0 ? wrong : almost, Cancel);
        }

        await socket.SendAsync(right, Cancel);
        var buffer = new byte[2_000];
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        patience.CancelAfter(TimeSpan.FromSeconds(30));
        // The first answer is the one to the only right question.
        int length = await socket.ReceiveAsync(buffer, patience.Token);
        Assert.True(NamesakeMessage.IsAnswer(buffer.AsSpan(0, length), right.AsSpan(8, NamesakeMessage.NonceLength), Instance));
        Assert.Equal(0, socket.Available);
    }

    [Theory]
    [InlineData("10.0.0.1:40000", true)]
    [InlineData("[fd00::1]:40000", true)]
    [InlineData("10.0.0.1:53", false)]
    [InlineData("10.0.0.1", false)]
    [InlineData("0.0.0.0:40000", false)]
    [InlineData("224.0.0.1:40000", false)]
    [InlineData("255.255.255.255:40000", false)]
    [InlineData("[::ffff:224.0.0.1]:40000", false)]
    [InlineData("[ff02::1]:40000", false)]
    [InlineData("[fe80::1]:40000", false)]
    [InlineData("[::]:40000", false)]
    [InlineData("etcd.example:40000", false)]
    [InlineData("", false)]
    public void Only_a_unicast_address_with_a_port_of_no_system_service_is_asked(string reach, bool asked) =>
        Assert.Equal(asked, NamesakeMessage.ParseReach(reach) != null);

    private static async Task EchoAsync(Socket socket, CancellationToken stop)
    {
        var buffer = new byte[2_000];
        try
        {
            while (true)
            {
                SocketReceiveFromResult got = await socket.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0), stop);
                await socket.SendToAsync(buffer.AsMemory(0, got.ReceivedBytes), got.RemoteEndPoint, stop);
            }
        }
        catch (OperationCanceledException)
        {
        }
    }
}
