using Link.Core.Agent;
using Xunit;

namespace Link.Tests.Agent;

public sealed class EventLoopTests
{
    [Fact]
    public async Task Work_that_finds_no_room_is_told_so()
    {
        using var loop = new EventLoop(capacity: 2, patience: TimeSpan.FromMilliseconds(30));
        Assert.True(loop.TryPost(static () => { }));
        Assert.True(loop.TryPost(static () => { }));
        TimeoutException fault = await Assert.ThrowsAsync<TimeoutException>(() => loop.InvokeAsync(static () => 1));
        Assert.Equal("the agent is overloaded: 2 pieces of work wait for its event loop", fault.Message);
    }

    [Fact]
    public async Task Work_that_finds_room_late_is_done()
    {
        using var loop = new EventLoop(capacity: 1, patience: TimeSpan.FromMinutes(1));
        Assert.True(loop.TryPost(static () => { }));
        Task<int> answer = loop.InvokeAsync(static () => 7);
        Assert.False(answer.IsCompleted);
        Thread thread = Start(loop);
        Assert.Equal(7, await answer);
        loop.Stop();
        thread.Join();
    }

    [Fact]
    public async Task A_loop_that_has_stopped_takes_no_work_and_says_that_it_stopped()
    {
        using var loop = new EventLoop();
        Thread thread = Start(loop);
        loop.Stop();
        thread.Join();
        Assert.False(loop.TryPost(static () => { }));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => loop.InvokeAsync(static () => 1));
    }

    [Fact]
    public async Task What_a_function_throws_is_its_callers()
    {
        using var loop = new EventLoop();
        Thread thread = Start(loop);
        await Assert.ThrowsAsync<FormatException>(() => loop.InvokeAsync<int>(static () => throw new FormatException()));
        loop.Stop();
        thread.Join();
    }

    private static Thread Start(EventLoop loop)
    {
        var thread = new Thread(() => loop.Run(static _ => long.MaxValue));
        thread.Start();
        return thread;
    }
}
