using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Link.Core.Net.Linux;

namespace Link.Core.Agent;

/// <summary>
/// Asks over UDP whether an instance with our name lives, and answers for our own. It listens on the address from which etcd is reached alone, on a port
/// that the kernel chooses and the agent key names; who cannot be asked because of a firewall is told apart by its lease (<see cref="Election.Elector"/>).
/// </summary>
internal sealed class NamesakeInquiry(string instance) : IAsyncDisposable
{
    /// <summary>Answers in a second, at most.</summary>
    private const int MostAnswers = 50;
    private const int Tries = 3;

    private static readonly TimeSpan TryTime = TimeSpan.FromMilliseconds(230);
    private static readonly TimeSpan ResolveTime = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(100);

    private readonly SemaphoreSlim _opening = new(1, 1);
    private readonly CancellationTokenSource _stop = new();
    private Socket? _socket;
    private Task _answering = Task.CompletedTask;
    private long _windowMs;
    private int _answers;

    /// <summary>Where this instance can be asked, by way of the address that leads to <paramref name="etcd"/>; null: nowhere.</summary>
    public async Task<string?> ListenAsync(Uri etcd, CancellationToken cancel)
    {
        await _opening.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            IPAddress? from = await FindSourceAsync(etcd, cancel).ConfigureAwait(false);
            if (_stop.IsCancellationRequested || from == null)
                return null;
            if (_socket?.LocalEndPoint is IPEndPoint open && open.Address.Equals(from))
                return open.ToString();
            _socket?.Dispose();
            _socket = null;
            var socket = new Socket(from.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            try
            {
                socket.Bind(new IPEndPoint(from, 0));
            }
            catch (SocketException)
            {
                socket.Dispose();
                return null;
            }

            _socket = socket;
            _answering = AnswerAsync(socket);
            return socket.LocalEndPoint?.ToString();
        }
        finally
        {
            _opening.Release();
        }
    }

    /// <summary>True: that instance, and nothing else, has answered. Takes less than a second.</summary>
    public static async Task<bool> AskAsync(string asked, string reach, CancellationToken cancel)
    {
        if (NamesakeMessage.ParseReach(reach) is not { } to)
            return false;
        try
        {
            using var socket = new Socket(to.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            // Connected: datagrams from elsewhere are not heard.
            await socket.ConnectAsync(to, cancel).ConfigureAwait(false);
            byte[] nonce = RandomNumberGenerator.GetBytes(NamesakeMessage.NonceLength);
            byte[] question = NamesakeMessage.Question(nonce, asked);
            for (int i = 0; i < Tries; i++)
            {
                using CancellationTokenSource time = CancellationTokenSource.CreateLinkedTokenSource(cancel);
                time.CancelAfter(TryTime);
                if (await TryAsync(socket, question, nonce, asked, time.Token).ConfigureAwait(false))
                    return true;
            }
        }
        catch (Exception fault) when (fault is SocketException or OperationCanceledException)
        {
            // No way there, or the agent stops.
        }

        return false;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        _socket?.Dispose();
        await _answering.ConfigureAwait(false);
    }

    private static async Task<bool> TryAsync(Socket socket, byte[] question, byte[] nonce, string asked, CancellationToken time)
    {
        var buffer = new byte[NamesakeMessage.Length + 1];
        try
        {
            await socket.SendAsync(question, time).ConfigureAwait(false);
            while (true)
            {
                int length = await socket.ReceiveAsync(buffer, time).ConfigureAwait(false);
                if (NamesakeMessage.IsAnswer(buffer.AsSpan(0, length), nonce, asked))
                    return true;
            }
        }
        catch (OperationCanceledException)
        {
            return false;
        }
        catch (SocketException)
        {
            // Nothing listens there (ICMP). It may in a moment.
            await WaitAsync(time).ConfigureAwait(false);
            return false;
        }
    }

    /// <summary>The address that the kernel would send from; nothing is sent.</summary>
    private static async Task<IPAddress?> FindSourceAsync(Uri etcd, CancellationToken cancel)
    {
        using CancellationTokenSource time = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        time.CancelAfter(ResolveTime);
        try
        {
            IPAddress[] members = IPAddress.TryParse(etcd.DnsSafeHost, out IPAddress? literal)
                ? [literal]
                : await Dns.GetHostAddressesAsync(etcd.DnsSafeHost, time.Token).ConfigureAwait(false);
            if (members.Length == 0)
                return null;
            using var socket = new Socket(members[0].AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            await socket.ConnectAsync(members[0], etcd.Port, time.Token).ConfigureAwait(false);
            return socket.LocalEndPoint is IPEndPoint { Address: { IsIPv6LinkLocal: false } address } ? address : null;
        }
        catch (Exception fault) when (fault is SocketException or OperationCanceledException or ArgumentException)
        {
            return null;
        }
    }

    private static async Task WaitAsync(CancellationToken time)
    {
        try
        {
            await Task.Delay(Timeout.Infinite, time).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
        }
    }

    private async Task AnswerAsync(Socket socket)
    {
        var buffer = new byte[NamesakeMessage.Length + 1];
        EndPoint anywhere = new IPEndPoint(socket.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0);
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                SocketReceiveFromResult got = await socket.ReceiveFromAsync(buffer, anywhere, _stop.Token).ConfigureAwait(false);
                if (!MayAnswer())
                {
                    // What comes meanwhile waits in the kernel's buffer, which is bounded.
                    await Task.Delay(Rest, _stop.Token).ConfigureAwait(false);
                    continue;
                }

                if (NamesakeMessage.Answer(buffer.AsSpan(0, got.ReceivedBytes), instance) is { } answer)
                    await socket.SendToAsync(answer, got.RemoteEndPoint, _stop.Token).ConfigureAwait(false);
            }
            catch (Exception fault) when (fault is ObjectDisposedException or OperationCanceledException)
            {
                return;
            }
            catch (SocketException fault)
            {
                // A datagram that was too long, or an asker that has gone; a socket that was closed ends it.
                if (fault.SocketErrorCode is SocketError.OperationAborted or SocketError.NotSocket or SocketError.Interrupted)
                    return;
            }
        }
    }

    private bool MayAnswer()
    {
        long now = BootClock.NowMs;
        if (now - _windowMs >= 1_000)
            (_windowMs, _answers) = (now, 0);
        return ++_answers <= MostAnswers;
    }
}
