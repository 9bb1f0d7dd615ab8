using System.Net;
using Link.Core.Api.Limits;
using Xunit;

namespace Link.Tests.Api.Limits;

public sealed class ByteBudgetTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(1);
    private static readonly IPAddress s_one = IPAddress.Parse("10.0.0.1");
    private static readonly IPAddress s_two = IPAddress.Parse("10.0.0.2");
    private static readonly IPAddress s_three = IPAddress.Parse("10.0.0.3");

    private readonly ByteBudget _budget = new(total: 100, mostOfOneSource: 60);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_fits_is_had_at_once_and_comes_back()
    {
        using (ByteLease? lease = await TakeAsync(s_one, 60))
        {
            Assert.Equal(60, _budget.Taken);
            Assert.NotNull(lease);
        }

        Assert.Equal(0, _budget.Taken);
    }

    [Fact]
    public async Task One_source_waits_for_its_own_and_keeps_nobody_else_waiting()
    {
        ByteLease first = (await TakeAsync(s_one, 60))!;
        first.Settle();
        Task<ByteLease?> waits = TakeAsync(s_one, 10);
        Assert.False(waits.IsCompleted);
        using ByteLease other = (await TakeAsync(s_two, 40))!;
        Assert.False(waits.IsCompleted);
        first.Dispose();
        Assert.NotNull(await waits);
        Assert.Equal(50, _budget.Taken);
    }

    [Fact]
    public async Task First_come_is_first_served_and_the_source_with_the_least_before_it()
    {
        ByteLease first = (await TakeAsync(s_one, 60))!;
        ByteLease little = (await TakeAsync(s_two, 10))!;
        first.Settle();
        little.Settle();
        Task<ByteLease?> more = TakeAsync(s_two, 50);
        Task<ByteLease?> newcomer = TakeAsync(s_three, 50);
        first.Dispose();
        await newcomer;
        Assert.False(more.IsCompleted);
        (await newcomer)!.Dispose();
        Assert.NotNull(await more);
    }

    [Fact]
    public async Task What_waits_for_its_client_makes_way_for_a_source_that_has_less()
    {
        ByteLease settled = (await TakeAsync(s_one, 20))!;
        settled.Settle();
        ByteLease slow = (await TakeAsync(s_one, 40))!;
        ByteLease other = (await TakeAsync(s_two, 30))!;
        Task<ByteLease?> newcomer = TakeAsync(s_three, 20);
        Assert.Equal([false, true, false], new[] { settled, slow, other }.Select(lease => lease.Revoked.IsCancellationRequested));
        Assert.False(newcomer.IsCompleted);
        slow.Dispose();
        (await newcomer)!.Dispose();

        // Nobody loses to one who would have more.
        Task<ByteLease?> greedy = TakeAsync(s_three, 60);
        Assert.False(other.Revoked.IsCancellationRequested);
        Assert.False(greedy.IsCompleted);
        settled.Dispose();
        Assert.NotNull(await greedy);
    }

    [Fact]
    public async Task Who_waits_too_long_or_goes_away_gets_nothing_and_lets_the_next_one_through()
    {
        using ByteLease first = (await TakeAsync(s_one, 60))!;
        first.Settle();
        using CancellationTokenSource gone = new();
        Task<ByteLease?> large = _budget.TakeAsync(s_two, 50, s_patience, gone.Token).AsTask();
        Task<ByteLease?> small = TakeAsync(s_three, 20);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => large);
        Assert.NotNull(await small);
        Assert.Null(await _budget.TakeAsync(s_two, 50, TimeSpan.FromMilliseconds(1), Cancel));
        Assert.Equal(80, _budget.Taken);
    }

    [Fact]
    public async Task A_wish_for_more_than_a_source_may_have_takes_all_that_it_may_have()
    {
        using ByteLease lease = (await TakeAsync(s_one, 1000))!;
        Assert.Equal(60, _budget.Taken);
    }

    [Fact]
    public async Task A_lease_that_is_shared_comes_back_with_its_last_holder()
    {
        ByteLease request = (await TakeAsync(s_one, 60))!;
        ByteLease command = request.Share();
        request.Dispose();
        Assert.Equal(60, _budget.Taken);
        command.Dispose();
        Assert.Equal(0, _budget.Taken);
    }

    [Fact]
    public async Task Many_at_once_never_have_more_than_there_is_and_all_of_them_come_through()
    {
        long most = 0;
        int served = 0;
        await Parallel.ForAsync(0, 2000, new ParallelOptions { MaxDegreeOfParallelism = 32, CancellationToken = Cancel }, async (i, cancel) =>
        {
            using ByteLease lease = (await _budget.TakeAsync(new IPAddress([10, 0, 0, (byte)(i % 7)]), 1 + (i % 50), s_patience, cancel))!;
            InterlockedMax(ref most, _budget.Taken);
            await Task.Yield();
            Interlocked.Increment(ref served);
        });
        Assert.Equal((2000, 0L), (served, _budget.Taken));
        Assert.InRange(most, 1, 100);
    }

    private Task<ByteLease?> TakeAsync(IPAddress source, long bytes) => _budget.TakeAsync(source, bytes, s_patience, Cancel).AsTask();

    private static void InterlockedMax(ref long most, long value)
    {
        for (long seen = Volatile.Read(ref most); value > seen; seen = Volatile.Read(ref most))
        {
            if (Interlocked.CompareExchange(ref most, value, seen) == seen)
            {
                return;
            }
        }
    }
}
