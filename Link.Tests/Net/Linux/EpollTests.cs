using Link.Core.Net.Linux;
using Xunit;

namespace Link.Tests.Net.Linux;

public sealed class EpollTests
{
    [Fact]
    public void An_event_wakes_the_loop_until_it_is_reset()
    {
        using var epoll = new Epoll();
        using var wake = new EventFd();
        var ready = new EpollReady[4];
        epoll.Add(wake.Fd);
        Assert.Equal(0, epoll.Wait(ready, 0));
        wake.Set();
        wake.Set();
        Assert.Equal(1, epoll.Wait(ready, -1));
        Assert.Equal(new EpollReady(wake.Fd, SysEpoll.EPOLLIN), ready[0]);
        wake.Reset();
        Assert.Equal(0, epoll.Wait(ready, 0));
        epoll.Remove(wake.Fd);
        wake.Set();
        Assert.Equal(0, epoll.Wait(ready, 0));
        Assert.Equal(Errno.ENOENT, Assert.Throws<KernelException>(() => epoll.Modify(wake.Fd, SysEpoll.EPOLLIN)).Error.Number);
    }

    [Fact]
    public void A_timer_fires_at_its_moment_of_the_boot_clock_and_not_before()
    {
        using var epoll = new Epoll();
        using var timer = new TimerFd();
        var ready = new EpollReady[4];
        epoll.Add(timer.Fd);
        var at = BootClock.NowMs + 20;
        timer.Set(at);
        Assert.Equal(1, epoll.Wait(ready, -1));
        Assert.Equal(timer.Fd, ready[0].Fd);
        Assert.True(BootClock.NowMs >= at);
        timer.Reset();
        Assert.Equal(0, epoll.Wait(ready, 0));
        timer.Set(1);
        Assert.Equal(1, epoll.Wait(ready, -1));
        timer.Set(null);
        Assert.Equal(0, epoll.Wait(ready, 0));
    }
}
