using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Link.Tests.Bed;

/// <summary>A receiver of webhooks on 127.0.0.1 of a host. Keeps what it got and answers 204, one connection a request.</summary>
internal sealed class HookReceiver : IDisposable
{
    private readonly Socket _socket;
    private readonly SharedList<HookRequest> _requests = new();

    internal HookReceiver(NetworkNamespace host, int port)
    {
        _socket = host.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        _socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        _socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
        _socket.Listen(64);
        _ = AcceptAsync();
    }

    internal IReadOnlyList<HookRequest> Requests => _requests;

    public void Dispose() => _socket.Dispose();

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = AnswerAsync(await _socket.AcceptAsync());
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task AnswerAsync(Socket connection)
    {
        using (connection)
        {
            try
            {
                var text = "";
                var buffer = new byte[4096];
                while (HookRequest.TryRead(text) is null)
                {
                    var read = await connection.ReceiveAsync(buffer);
                    if (read == 0)
                        return;
                    text += Encoding.Latin1.GetString(buffer, 0, read);
                }

                _requests.Add(HookRequest.TryRead(text)!);
                await connection.SendAsync("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"u8.ToArray());
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // The agent has gone.
            }
        }
    }
}
